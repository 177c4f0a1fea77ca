"""Informs an open page about its sign-in, and the server when somebody types.

Streamlit's own websocket cannot tell a person from a page that refreshes itself, and
its page does not notice that somebody signed out elsewhere. So every page carries a
small script with a websocket of its own.
"""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from api.core.dependencies import SESSION
from dashboard.ui.language import using_language
from dashboard.web.clocks import choose_clock, clock_at
from dashboard.web.gate.middleware import WATCH_PATH
from dashboard.web.languages import choice_endpoints, language_at
from dashboard.web.sessions.live_sessions import LiveSessions
from dashboard.web.sessions.session_watch.page import (
    HEAD_SCRIPT as HEAD_SCRIPT,
    SCRIPT_PATH,
    Places as Places,
    WatchedPages as WatchedPages,
    script,
)
from dashboard.web.sessions.session_watch.socket import SessionSocket
from db.cluster.site_position import SiteReader
from db.postgres import Database
from services.people.sessions import LiveSession

PREFIX = "/session"
STATE_PATH = f"{PREFIX}/state"
PLACES_PATH = f"{PREFIX}/places"
CLOCK_PATH = f"{PREFIX}/clock"


def create_watch(
    database: Database,
    live: LiveSessions,
    *,
    key: str,
    places: Places,
    language: str,
    site: SiteReader | None,
) -> Starlette:
    """Return the app below PREFIX; people's own keys are derived from `key`.

    `language` is the clinic's own, for those who have chosen none; `site` knows whether
    this is a standby site, and which time it shows.
    """
    return Starlette(
        routes=[
            WebSocketRoute(WATCH_PATH, SessionSocket(live, key=key, site=site).follow),
            Route(STATE_PATH, _state, methods=["GET"]),
            Route(PLACES_PATH, _telling(places, language), methods=["GET"]),
            *(
                Route(f"{PREFIX}/{name}", answer, methods=["POST"])
                for name, answer in choice_endpoints(database, live).items()
            ),
            Route(CLOCK_PATH, choose_clock, methods=["POST"]),
            Route(SCRIPT_PATH, script, methods=["GET"]),
        ]
    )


def serves(path: str) -> bool:
    """Return whether the path belongs to watching a sign-in."""
    return path.startswith(f"{PREFIX}/")


def _telling(places: Places, usual: str) -> Callable[[Request], Awaitable[Response]]:
    async def tell(request: Request) -> Response:
        """Answer with what the signed-in person may open."""
        live: LiveSession = request.scope[SESSION]
        with using_language(language_at(request, usual)):
            return JSONResponse({**places(live.actor), "clock": clock_at(request)})

    return tell


async def _state(request: Request) -> Response:
    """Answer a signed-in browser; the gate has turned all others away."""
    del request
    return Response(status_code=204)
