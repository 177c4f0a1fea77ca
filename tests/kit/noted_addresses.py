"""Chartroom's own command line, which records every address that a browser requests.

A proxy in front of it could record them as well. Having the browser report each request
instead takes a tenth of what a page costs, mostly for scripts that come from its cache.
Requests by the tests themselves are not recorded.
"""

import os
from pathlib import Path
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.cli import app
from dashboard.web import server

# In the data folder, one address per line.
FILE: Final = "addresses.txt"
# Only browsers send this header.
_OF_BROWSERS: Final = b"sec-fetch-mode"


class NotedAddresses:
    """Records each requested address once, before the request is answered."""

    def __init__(self, answering: ASGIApp, file: Path) -> None:
        self._answering = answering
        self._file = file
        self._noted: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record the address, and answer as usual."""
        if scope["type"] != "lifespan":
            self._note(scope)
        await self._answering(scope, receive, send)

    def _note(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        address = _address(scope, headers.get(b"host", b"").decode())
        is_request = scope["type"] == "websocket" or _OF_BROWSERS in headers
        if is_request and address not in self._noted:
            self._noted.add(address)
            with self._file.open("a") as file:
                file.write(f"{address}\n")


def _address(scope: Scope, host: str) -> str:
    query = scope["query_string"].decode()
    path = scope["raw_path"].decode()
    return f"{scope['scheme']}://{host}{path}{'?' if query else ''}{query}"


def note() -> None:
    """Make the next server that is created record its requests."""
    create = server.create_app

    def create_noting(*given: Any, **more: Any) -> ASGIApp:
        file = Path(os.environ["CHARTROOM_DATA"]) / FILE
        return NotedAddresses(create(*given, **more), file)

    vars(server)["create_app"] = create_noting


if __name__ == "__main__":
    note()
    app()
