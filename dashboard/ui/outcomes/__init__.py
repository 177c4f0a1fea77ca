"""What has come of an act: said at its field, or found where the focus lands."""
