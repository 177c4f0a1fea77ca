"""Asks the tool that backs PostgreSQL up, where the clinic has one of its own."""
