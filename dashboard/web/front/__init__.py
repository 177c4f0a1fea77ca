"""The front: Caddy before the web processes of this machine."""
