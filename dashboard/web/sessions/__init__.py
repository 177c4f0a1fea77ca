"""Sign-ins and open pages: which are live, and whose they are."""
