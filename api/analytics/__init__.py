"""What programs ask of all patients together."""
