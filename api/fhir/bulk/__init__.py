"""Bulk Data Access: everything at once, made by the worker and fetched as files."""
