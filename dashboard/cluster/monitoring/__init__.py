"""The engine room's pages: what is seen of the servers, and how it is told."""
