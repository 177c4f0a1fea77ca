"""Visits: schedules, bookings, the front desk, figures."""
