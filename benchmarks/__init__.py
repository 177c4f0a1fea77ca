"""Every speed claim, measured side by side with its peer in one run."""
