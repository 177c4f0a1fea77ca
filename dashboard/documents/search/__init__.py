"""Lists of documents on the screen, and their search."""
