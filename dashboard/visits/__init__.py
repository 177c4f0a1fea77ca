"""Visits on the screen: booking, appointments, the front desk, plans, figures."""
