"""What analysts ask about all patients together, and never about a single one."""
