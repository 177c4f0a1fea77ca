"""People who can sign in, for programs."""
