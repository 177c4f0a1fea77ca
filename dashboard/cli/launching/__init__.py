"""How one command starts everything: databases, web processes, front, worker."""
