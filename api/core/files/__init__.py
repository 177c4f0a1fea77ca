"""Files on their way out: what they are called, which part, and in pieces."""
