"""What pages show of apps for patients, and what they ask about them."""
