"""Signing in and out, and links: pages of our own, for whoever is not signed in."""
