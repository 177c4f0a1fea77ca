"""Under which address browsers find the clinic."""

from typing import Final

from db.settings import Settings

# Where to ask a server that listens everywhere.
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


def local_host(settings: Settings) -> str:
    """Return the host under which this machine itself finds the server."""
    return _EVERYWHERE.get(settings.host, settings.host)


def local_address(settings: Settings) -> str:
    """Return where a browser on this machine finds Chartroom.

    By name where it can: browsers make passkeys for names, and for no IP address.
    """
    host = local_host(settings)
    if host in _LOOPBACK:
        host = "localhost"
    scheme = "https" if settings.https else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}"


def public_address(settings: Settings) -> str:
    """Return where everybody else's finds it, for links in e-mails."""
    return settings.public_url or local_address(settings)
