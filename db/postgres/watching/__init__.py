"""Which server leads, how far the others have got, and since when."""
