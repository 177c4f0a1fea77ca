"""Patients: their records, search, duplicates, care and photos."""
