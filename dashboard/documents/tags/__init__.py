"""Tags of documents on screen."""
