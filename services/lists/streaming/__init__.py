"""All that a statement finds, a piece at a time: as rows, or told as lines."""
