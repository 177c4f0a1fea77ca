"""Doctors on the screen: header, photo, list."""
