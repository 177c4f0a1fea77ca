"""Restore drills: restored, checked from end to end, and thrown away."""
