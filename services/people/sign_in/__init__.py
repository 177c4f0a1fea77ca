"""Ways of signing in: codes, passkeys, the clinic's own accounts."""
