"""The audit log: reading it, and the chain that proves it whole."""
