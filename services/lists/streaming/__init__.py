"""Everything that a statement finds, a piece at a time: as rows, or as lines."""
