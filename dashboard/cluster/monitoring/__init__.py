"""The pages about replication: the state of the servers, and how it is shown."""
