"""Removes from backups what the clinic has purged."""
