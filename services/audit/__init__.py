"""The audit log: reading it, and the chain that proves that it is complete."""
