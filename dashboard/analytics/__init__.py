"""What analysts ask about all patients together."""
