"""The operations on database servers that an administrator starts from a page."""
