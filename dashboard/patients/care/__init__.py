"""Who treats a patient, on the screen."""
