"""What the servers cost and whether they are there: for administrators."""
