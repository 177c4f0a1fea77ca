"""Consultations: notes and prescriptions."""
