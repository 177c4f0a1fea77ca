"""Background work on patients."""
