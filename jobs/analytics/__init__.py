"""Jobs that send things to analysts."""
