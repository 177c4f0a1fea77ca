"""When a node is fenced, and how it is made certain that it is dead."""
