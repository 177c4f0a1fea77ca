"""Chartroom's own command line, which notes every address that a browser asks for.

A proxy in front of it could write them down as well. To have the browser tell of each
request instead takes a tenth of what a page costs, most of it for programs that come
from its cache. What the tests themselves ask for is not noted.
"""

import os
from pathlib import Path
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.cli import app
from dashboard.web import server

# In the data folder, an address a line.
FILE: Final = "addresses.txt"
# Only browsers say what they want something for.
_OF_BROWSERS: Final = b"sec-fetch-mode"


class NotedAddresses:
    """Writes down what is asked for before it is answered, each address once."""

    def __init__(self, answering: ASGIApp, file: Path) -> None:
        self._answering = answering
        self._file = file
        self._noted: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the address, and answer as ever."""
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
    """Have the server that is made from now on note what it is asked for."""
    create = server.create_app

    def create_noting(*given: Any, **more: Any) -> ASGIApp:
        file = Path(os.environ["CHARTROOM_DATA"]) / FILE
        return NotedAddresses(create(*given, **more), file)

    vars(server)["create_app"] = create_noting


if __name__ == "__main__":
    note()
    app()
