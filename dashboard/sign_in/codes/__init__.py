"""Signing in with a code by mail or text message."""
