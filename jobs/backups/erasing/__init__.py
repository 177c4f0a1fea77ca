"""Has backups forget what the clinic has purged."""
