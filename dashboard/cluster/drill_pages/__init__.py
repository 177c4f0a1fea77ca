"""Failover drills on the screen: start, progress, results."""
