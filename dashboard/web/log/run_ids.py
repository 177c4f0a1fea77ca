"""The id of one run of a page's script, like that of a request."""

import secrets

import structlog


def begin() -> None:
    """Give this run an id of its own; everything it logs carries it."""
    structlog.contextvars.bind_contextvars(request_id=secrets.token_hex(8))


def current_id() -> str:
    """Return the run's id; a fragment that runs by itself gets its own here."""
    known = structlog.contextvars.get_contextvars()
    if "request_id" not in known:
        begin()
        known = structlog.contextvars.get_contextvars()
    return str(known["request_id"])
