"""A crowd in a whole clinic for an hour, and what happens to it meanwhile."""
