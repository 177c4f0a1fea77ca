"""`$summary`: the International Patient Summary of a patient, as one document."""
