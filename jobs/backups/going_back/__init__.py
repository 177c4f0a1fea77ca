"""Takes the clinic back in time: its earlier state replaces the current one."""
