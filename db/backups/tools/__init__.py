"""What tools of the clinic's own, Barman or pgBackRest, tell of their backups."""
