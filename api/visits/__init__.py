"""Doctors, slots, bookings and appointments, for programs."""
