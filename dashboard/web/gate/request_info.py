"""What a request states about itself, and what follows from it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

from api.core.origins import SAFE_METHODS, is_same_origin, network_of
from services.people.sessions import LiveSession

# What a browser requests when somebody opens a page; automatic refreshes are no input.
_DOCUMENT: Final = "document"
# Strangers get a plain 401 for these; everything else is a page to return to.
_MACHINERY: Final = ("/_stcore", "/media", "/component", "/session")


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """A request or a handshake, and the sign-in it belongs to."""

    path: str
    target: str
    method: str
    headers: Headers
    live: LiveSession | None
    network: str

    @classmethod
    def of(cls, scope: Scope, live: LiveSession | None) -> "RequestInfo":
        """Return the information in a scope."""
        query = scope.get("query_string", b"").decode("latin-1")
        path = scope["path"]
        return cls(
            path,
            f"{path}?{query}" if query else path,
            scope.get("method", ""),
            Headers(scope=scope),
            live,
            network_of(HTTPConnection(scope)),
        )

    @property
    def is_websocket(self) -> bool:
        """Whether the request is a websocket's handshake."""
        return not self.method

    @property
    def hostname(self) -> str | None:
        """The name by which the client reached us."""
        return hostname_of(f"//{self.headers.get('host', '')}")

    @property
    def may_open_websocket(self) -> bool:
        """Whether a signed-in person's page of ours asks, as its origin shows."""
        return self.live is not None and is_same_origin(self.headers) is True

    @property
    def comes_from_elsewhere(self) -> bool:
        """Whether another site makes the browser change something here."""
        return self.method not in SAFE_METHODS and is_same_origin(self.headers) is False

    @property
    def is_navigation(self) -> bool:
        """Whether somebody opens a page that they can return to."""
        is_page = not within(self.path, _MACHINERY)
        return is_page and self.method in {"GET", "HEAD"}

    @property
    def opens_page(self) -> bool:
        """Whether a browser's tab requests it, not something that a page loads."""
        return self.is_navigation and self._is_for_tab

    @property
    def is_input(self) -> bool:
        """Whether a person does something: opens a page, sends something.

        Programs that carry our cookie do not say that they are programs; they count.
        """
        if self.method not in SAFE_METHODS:
            return True
        return self._is_for_tab and not within(self.path, _MACHINERY)

    @property
    def _is_for_tab(self) -> bool:
        return self.headers.get("sec-fetch-dest", _DOCUMENT) == _DOCUMENT


def within(path: str, prefixes: Collection[str]) -> bool:
    """Return whether the path is one of these, or is below one."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)


def hostname_of(url: str) -> str | None:
    """Return the host name in a URL, or None if there is none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
