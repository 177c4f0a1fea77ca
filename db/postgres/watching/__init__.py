"""Which server leads, how far the others are, and since when."""
