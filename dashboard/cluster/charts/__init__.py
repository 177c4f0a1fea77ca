"""Charts of replication lag through time."""
