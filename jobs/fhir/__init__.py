"""Background work for other systems."""
