"""What the clinic can do, free of any screen, web framework or engine."""
