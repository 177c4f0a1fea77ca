"""Apps of patients: how they ask, and how they are answered."""
