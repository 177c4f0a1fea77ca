"""Files on their way from browsers: bounded, bound to a sign-in, and freed."""
