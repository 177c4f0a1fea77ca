"""What `dashboard.context` gives to pages: the actor, reads, files."""
