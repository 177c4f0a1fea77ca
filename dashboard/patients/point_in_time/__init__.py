"""Records as they were: read from backups, or from a standby that pauses for it."""
