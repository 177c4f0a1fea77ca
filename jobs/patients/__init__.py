"""What happens in the background to patients."""
