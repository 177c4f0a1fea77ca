"""What the notes of all visits come to, on a patient's page."""
