"""The load of the servers and their availability: for administrators."""
