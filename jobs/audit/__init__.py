"""Background jobs of the audit log."""
