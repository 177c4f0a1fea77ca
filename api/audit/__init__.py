"""The audit log and the history of accesses, for programs."""
