"""The pages of people with a sign-in."""
