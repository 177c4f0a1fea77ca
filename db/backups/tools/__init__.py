"""What the clinic's own backup tools, Barman or pgBackRest, report of their backups."""
