"""Records that may be of one person, on the screen."""
