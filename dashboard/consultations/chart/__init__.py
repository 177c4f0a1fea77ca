"""Summaries of the notes of all visits, on a patient's page."""
