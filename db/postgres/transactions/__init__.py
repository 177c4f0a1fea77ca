"""Transactions: read, written exactly once, and announced to listeners."""
