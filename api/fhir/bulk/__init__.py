"""Bulk Data Access: whole types of resources, exported by the worker as files."""
