"""Prescriptions on the screen: written, signed, listed, checked."""
