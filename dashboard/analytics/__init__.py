"""What analysts ask of all patients together."""
