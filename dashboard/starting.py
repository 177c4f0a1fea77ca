"""What keeps Chartroom from starting."""

import socket

from db.settings import Settings


class CannotServe(Exception):
    """Chartroom may not start like this; the message says what to do."""


def require_demo(settings: Settings) -> None:
    """Raise CannotServe where real patients could be and nobody signs in yet."""
    allowed = settings.is_embedded if settings.demo is None else settings.demo
    if not allowed:
        raise CannotServe(
            "Chartroom has no personal sign-in yet, so it serves its demo only: with "
            "the embedded databases, or with CHARTROOM_DEMO=true on servers that hold "
            "no real patients."
        )


def require_address(host: str, port: int) -> None:
    """Raise CannotServe unless a server can listen there now."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CannotServe(
            f"Chartroom cannot listen on {host}, port {port} ({reason}): choose "
            "another with --port or --host, or stop the program that listens there."
        ) from error
