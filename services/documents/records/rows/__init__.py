"""Rows of documents and of their versions, read and written."""
