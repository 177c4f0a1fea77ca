"""Transactions: read, written exactly once, notified of."""
