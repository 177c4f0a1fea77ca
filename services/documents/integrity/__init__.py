"""What keeps files and rows in step: pending deletions, the sweep, the checks."""
