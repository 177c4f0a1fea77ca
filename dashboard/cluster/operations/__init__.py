"""What an administrator does to the database servers from a page."""
