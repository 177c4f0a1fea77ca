"""The database servers as Chartroom sees them, and what it can ask of them."""
