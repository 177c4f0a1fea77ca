"""Signing in with the clinic's own account (OpenID Connect)."""
