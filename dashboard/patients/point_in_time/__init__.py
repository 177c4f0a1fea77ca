"""Records as they were: read from a delayed standby, which waits meanwhile."""
