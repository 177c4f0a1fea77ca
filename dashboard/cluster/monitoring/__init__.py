"""The engine room's pages: the state of the servers, and how it is shown."""
