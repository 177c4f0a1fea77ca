"""What the pages for booking share: whose visit, when, the hold, what becomes of it."""
