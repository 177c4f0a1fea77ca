"""What analysts ask of all patients together, and nobody of one."""
