"""The web server as a benchmark needs it, run as a process of its own.

`python -m benchmarks.served USER_ID` authenticates nobody, lets the database show
everything and records nothing: everybody is that user. With `forgetful` as another
argument a page reads in each run what it usually caches for some seconds.
"""

import sys
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from api.core.dependencies import SIGNED_IN
from dashboard.cli import running
from dashboard.web import server
from dashboard.web.gate.middleware import USER_HEADER
from dashboard.web.page_context import page_reads
from dashboard.web.sessions import live_sessions
from db.postgres import Read, WriteResult, database
from db.postgres.transactions import reads, writes
from db.settings import Settings
from services.core import audit
from services.core.actor_database import ActorDatabase
from services.core.errors import NotFound

FORGETFUL = "forgetful"
GUARDED = "guarded"


class Everybody:
    """Replaces the gate, and takes everybody for one person."""

    user_id = ""

    def __init__(self, app: ASGIApp, *_: object, **__: object) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] != "lifespan":
            headers = MutableHeaders(scope=scope)
            headers[USER_HEADER] = self.user_id
            scope["headers"] = headers.raw
            scope[SIGNED_IN] = None
        await self._app(scope, receive, send)


def main() -> None:
    """Serve until SIGTERM."""
    who, *more = sys.argv[1:]
    if FORGETFUL in more:
        page_reads._MOST_KEPT = 0
    if who != GUARDED:
        _open_all_doors(who)
    running.serve_pages(Settings())


def _open_all_doors(user_id: str) -> None:
    Everybody.user_id = user_id
    for part, name, harmless in (
        (server, "Gate", Everybody),
        (live_sessions, "current", _nothing),
        (audit, "record", _nothing),
        (database, "set_role", _nothing),
        (reads, "set_role", _nothing),
        (writes, "set_role", _nothing),
        (ActorDatabase, "read", _read),
        (ActorDatabase, "write", _write),
    ):
        if not hasattr(part, name):
            raise LookupError(f"There is no {name} to take away any more.")
        setattr(part, name, harmless)


def _nothing(*_: object, **__: object) -> None:
    """Do nothing at all."""


def _read(self: ActorDatabase, operation: Any, *, after: Any = None) -> Read[Any]:
    return self.database.find(operation, missing=NotFound, after=after)


def _write(self: ActorDatabase, operation: Any, *, key: Any = None) -> WriteResult[Any]:
    return self.database.write(operation, key=key)


if __name__ == "__main__":
    main()
