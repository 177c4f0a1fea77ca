"""How the clinic's records become resources, a module for each type or two."""
