"""Visits of a patient as they were: shown beside those of today, and brought back."""
