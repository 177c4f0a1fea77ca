"""Figures of bookings, in tables and charts."""
