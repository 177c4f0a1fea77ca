"""The consulting room: what a clinician does at a visit."""
