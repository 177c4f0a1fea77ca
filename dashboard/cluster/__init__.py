"""The database servers on the screen: their state, and operations on them."""
