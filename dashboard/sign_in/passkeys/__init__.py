"""Signing in with a passkey, and confirming with one."""
