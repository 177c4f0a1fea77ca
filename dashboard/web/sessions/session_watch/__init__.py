"""Lets an open page know how its sign-in stands, and the server when somebody types.

Streamlit's own websocket cannot tell a person from a page that refreshes itself, and
its page does not notice that somebody signed out elsewhere. So every page carries a
small script with a websocket of its own.
"""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from dashboard.web.gate.middleware import WATCH_PATH
from dashboard.web.sessions.live_sessions import LiveSessions
from dashboard.web.sessions.session_watch.page import (
    SCRIPT_PATH,
    WatchedPages as WatchedPages,
    script,
)
from dashboard.web.sessions.session_watch.socket import SessionSocket

PREFIX = "/session"
STATE_PATH = f"{PREFIX}/state"


def create_watch(live: LiveSessions, *, key: str) -> Starlette:
    """Return what answers below PREFIX; `key` is what people's own keys come from."""
    return Starlette(
        routes=[
            WebSocketRoute(WATCH_PATH, SessionSocket(live, key=key).follow),
            Route(STATE_PATH, _state, methods=["GET"]),
            Route(SCRIPT_PATH, script, methods=["GET"]),
        ]
    )


def serves(path: str) -> bool:
    """Tell whether the path belongs to watching a sign-in."""
    return path.startswith(f"{PREFIX}/")


async def _state(request: Request) -> Response:
    """Answer whoever is signed in; the gate has sent everybody else away."""
    del request
    return Response(status_code=204)
