"""Queries the backup tool, where the clinic has one of its own for PostgreSQL."""
