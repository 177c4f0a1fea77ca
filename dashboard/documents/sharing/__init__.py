"""Links to documents for people without a sign-in."""
