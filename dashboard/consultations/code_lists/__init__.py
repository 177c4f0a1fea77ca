"""Lists of drugs and diagnoses on screen."""
