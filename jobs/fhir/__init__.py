"""What the background does for other systems."""
