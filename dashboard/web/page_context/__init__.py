"""What `dashboard.context` offers to pages: the actor, reads, files."""
