"""Keeps the clinic of an earlier time open for a while, for people to look around."""
