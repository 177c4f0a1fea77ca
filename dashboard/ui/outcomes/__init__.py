"""The outcome of an act: shown at its field, or where the focus lands."""
