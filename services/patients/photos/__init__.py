"""Photos of patients."""
