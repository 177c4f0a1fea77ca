"""Patients on the screen: their records, lists, duplicates and care team."""
