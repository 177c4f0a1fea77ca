"""PDF files that others made: examined, rendered, scanned, never trusted."""
