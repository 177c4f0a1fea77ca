"""A patient's own record, to be read."""
