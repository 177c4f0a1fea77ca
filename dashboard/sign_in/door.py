"""What every route of signing in works with."""

from dataclasses import dataclass

from starlette.requests import Request

from dashboard.identity import IdentityCookie
from db.routing import Database
from db.settings import Settings


@dataclass(frozen=True, slots=True)
class Door:
    """The settings, the databases and the cookie of the server that answers."""

    settings: Settings
    database: Database
    cookie: IdentityCookie


def is_secure(request: Request) -> bool:
    """Tell whether the browser came by TLS, so that its cookie must too."""
    return request.url.scheme == "https"
