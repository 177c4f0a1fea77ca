"""Holds, bookings, the waiting list."""
