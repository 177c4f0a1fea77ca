"""Visits that are booked, in tables."""
