"""Shared by the pages for booking: whose visit, when, the hold, and its outcome."""
