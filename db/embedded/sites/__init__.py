"""Another site: a cluster that follows the clinic's, until somebody promotes it."""
