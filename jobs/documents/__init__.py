"""Background jobs of documents: scans, encryption, checks, purges."""
