"""The pages of the database servers."""
