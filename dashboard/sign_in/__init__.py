"""Signing in and out, and links: our own pages for people who are not signed in."""
