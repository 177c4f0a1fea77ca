"""One script per screen; the shell names them by path and nothing imports them."""
