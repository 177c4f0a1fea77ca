"""The server's log: what is written to it, and how."""
