"""Measures every speed claim, side by side with its peer in one run."""
