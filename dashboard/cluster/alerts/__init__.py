"""Alerts of the servers on the screen: their rules and their history."""
