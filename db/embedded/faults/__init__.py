"""Faults that drills and tests inflict on purpose."""
