"""Pages about backups."""
