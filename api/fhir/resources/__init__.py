"""The mapping of the clinic's records to resources, a module for each type or two."""
