"""Records that may be of one person: found, scored, merged."""
