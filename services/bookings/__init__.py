"""Bookings: slots held for two minutes, confirmed, moved and given back."""
