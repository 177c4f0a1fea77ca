"""The shell: entry script, server, navigation, wiring and command line."""
