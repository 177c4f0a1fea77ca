"""A crowd in a whole clinic for an hour, and events in the meantime."""
