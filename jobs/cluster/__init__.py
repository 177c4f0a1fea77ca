"""Background jobs of the cluster: samples, drills, planned operations."""
