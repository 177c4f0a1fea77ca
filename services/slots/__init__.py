"""Slots: what can be booked when, as people are shown it."""
