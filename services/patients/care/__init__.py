"""Who treats a patient, and emergency access to a record."""
