"""Copies the repository into a store elsewhere, and brings it back from there."""
