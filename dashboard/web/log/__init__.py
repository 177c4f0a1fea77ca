"""What the server writes to its log, and how."""
