"""The inbox on screen: what came in, and who is to look at it."""
