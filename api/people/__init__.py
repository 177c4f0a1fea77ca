"""People with a sign-in, for programs."""
