"""The addresses at which browsers find the clinic."""

from typing import Final

from db.embedded import DataFolder
from db.settings import Settings

# Where to reach a server that listens on all addresses.
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


def local_host(settings: Settings) -> str:
    """Return the host at which this machine itself reaches the server."""
    return _EVERYWHERE.get(settings.host, settings.host)


def local_address(settings: Settings) -> str:
    """Return the address at which a browser on this machine finds Chartroom.

    A name if possible: browsers make passkeys for names, but not for IP addresses.
    """
    host = local_host(settings)
    if host in _LOOPBACK:
        host = "localhost"
    scheme = "https" if settings.https else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}"


def public_address(settings: Settings) -> str:
    """Return the address for all other browsers, for links in e-mails."""
    return settings.public_url or local_address(settings)


def running_address(settings: Settings) -> str:
    """Return the address for all other browsers, as a command of its own knows it.

    A server that runs with the data folder may have been started with another port.
    """
    published = DataFolder(settings.data).published_address()
    return settings.public_url or published or local_address(settings)
