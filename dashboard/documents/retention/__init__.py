"""How long documents are kept, and whether files are whole, on the screen."""
