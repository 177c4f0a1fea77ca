"""People with a sign-in: accounts, sessions, tokens."""
