"""Backups: what a repository holds, how it is sealed, and a sandbox to try it in."""
