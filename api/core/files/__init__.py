"""Sending files: names, ranges, and pieces."""
