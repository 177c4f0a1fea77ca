"""Booked visits, in tables."""
