"""The clinic's own fields of documents on screen."""
