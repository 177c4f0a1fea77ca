"""Questions that programs ask about all patients together."""
