"""The launcher's control server, and its client."""
