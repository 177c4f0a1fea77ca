"""Visits of a patient as they were: compared with today's, and restored."""
