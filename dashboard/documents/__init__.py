"""Documents on pages: which one is meant, what can be done with it, where it leads."""
