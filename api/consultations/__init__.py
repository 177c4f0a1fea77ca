"""Prescriptions, for programs."""
