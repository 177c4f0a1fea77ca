"""Backups: taking them, and proving that they can be restored."""
