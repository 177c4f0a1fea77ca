"""Starts everything with one command: databases, web processes, front, worker."""
