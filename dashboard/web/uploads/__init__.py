"""Files on their way from browsers: limited, bound to a sign-in, and freed."""
