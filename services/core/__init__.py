"""The base of all services: actors, refusals, audit events, checks of typed text."""
