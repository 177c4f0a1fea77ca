"""What the front desk and administrators do about doctors and their working hours."""
