"""Connections to the servers: pools, failures, retries, batches."""
