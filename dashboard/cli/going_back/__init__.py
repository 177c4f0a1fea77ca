"""`restore --go-back`: the command, and how it reaches the launcher."""
