"""The web server: its gate, its sessions, its log, its static files."""
