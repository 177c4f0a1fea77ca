"""What the front desk and administrators do about doctors and when they work."""
