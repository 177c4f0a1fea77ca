"""What lists of patients and lists of documents have in common."""
