"""How long documents are kept, and whether files are intact, on the screen."""
