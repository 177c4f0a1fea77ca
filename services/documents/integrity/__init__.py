"""What keeps files and rows in step: doomed files, the sweep, the walk of checks."""
