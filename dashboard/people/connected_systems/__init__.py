"""What pages show of connected systems, and what they ask about them."""
