"""The database servers on the screen: how they are, and what is done to them."""
