"""Keeps the clinic of a time open for a while, so that people can look around in it."""
