"""The database servers as Chartroom sees them, and the commands they take from it."""
