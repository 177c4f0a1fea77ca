"""Child processes, their programs and their ports."""
