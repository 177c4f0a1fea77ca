"""Faults that drills and tests bring about on purpose."""
