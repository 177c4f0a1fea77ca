"""The command line: what starts Chartroom, and every command beside it."""
