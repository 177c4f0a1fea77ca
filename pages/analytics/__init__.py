"""Pages about all patients together."""
