"""Patients' apps: their requests for access, and the answers."""
