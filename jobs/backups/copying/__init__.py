"""Copies the repository to a store elsewhere, and fetches it from there."""
