"""The audit log and its filters on the screen."""
