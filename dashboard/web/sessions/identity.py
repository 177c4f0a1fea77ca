"""Signs browsers in and out: a random token in a cookie, all else in the database."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from anyio import to_thread
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection, Request, cookie_parser
from starlette.responses import Response

from api.core.dependencies import SESSION
from api.core.origins import origin_of
from dashboard.web.sessions.live_sessions import LiveSessions
from db.postgres import ANONYMOUS, Database
from services.core import audit
from services.people import sessions
from services.people.sessions import LiveSession, Method, NewSession

__all__ = ["Identity", "is_secure", "origin_of", "token_of"]
# Each also names the browsers that it imitates: the most specific comes first.
_PROGRAMS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


class Identity:
    """Finds out who is behind each browser; every way to sign in ends here."""

    def __init__(self, database: Database, live: LiveSessions) -> None:
        self._database = database
        self._live = live

    async def find(self, connection: HTTPConnection) -> LiveSession | None:
        """Return the browser's sign-in, if it is valid; raises DatabaseUnavailable."""
        token = token_of(connection)
        return await self._live.find(token) if token else None

    async def sign_in(
        self, request: Request, response: Response, user_id: UUID, *, method: Method
    ) -> UUID:
        """Start a sign-in, end the one the browser had, and set the response's cookie.

        Raises NotAllowed for somebody who may not act, and DatabaseUnavailable. If it
        must be in one transaction with something else, use `start` and `remember`.
        """
        written = await to_thread.run_sync(
            lambda: self._database.write(
                lambda session: self.start(session, request, user_id, method=method),
                identity=ANONYMOUS,
            )
        )
        self.remember(request, response, written.value)
        return written.value.id

    def start(
        self, session: Session, request: Request, user_id: UUID, *, method: Method
    ) -> NewSession:
        """Start a sign-in in the session's transaction, as nobody known yet."""
        # The browser's previous sign-in has nothing to do with this one.
        origin = replace(origin_of(request), session_id=None)
        with audit.with_origin(origin):
            return sessions.start(
                session,
                user_id,
                method=method,
                network=origin.network,
                browser=browser_of(request.headers.get("user-agent", "")),
                replacing=token_of(request),
                limits=self._live.limits,
            )

    def remember(
        self, request: Request, response: Response, started: NewSession
    ) -> None:
        """Give the browser the new token, and close the pages of its old sign-in."""
        self._close(request)
        secure = is_secure(request)
        # A session cookie, which goes when the browser is closed; the database knows
        # when the sign-in is over.
        response.set_cookie(
            _name(secure=secure),
            started.token,
            path="/",
            secure=secure,
            httponly=True,
            samesite="lax",
        )

    async def sign_out(self, request: Request, response: Response) -> None:
        """End the browser's sign-in with all its pages; raises DatabaseUnavailable."""
        token, origin = token_of(request), origin_of(request)

        def end(session: Session) -> None:
            with audit.with_origin(origin):
                sessions.sign_out(session, token)

        if token:
            await to_thread.run_sync(
                lambda: self._database.write(end, identity=ANONYMOUS)
            )
        self._close(request)
        secure = is_secure(request)
        response.delete_cookie(
            _name(secure=secure), path="/", secure=secure, httponly=True, samesite="lax"
        )

    def _close(self, request: Request) -> None:
        """Close this process's pages now; those of others follow within a second."""
        live: LiveSession | None = request.scope.get(SESSION)
        if live is not None:
            self._live.forget(live.record.id)


def token_of(connection: HTTPConnection) -> str:
    """Return the token that the browser sent, empty without one."""
    cookies = "; ".join(connection.headers.getlist("cookie"))
    return cookie_parser(cookies).get(_name(secure=is_secure(connection)), "")


def is_secure(connection: HTTPConnection) -> bool:
    """Return whether the browser came by TLS, so that its cookie must too."""
    return connection.scope.get("scheme") in {"https", "wss"}


def _name(*, secure: bool) -> str:
    """Return the cookie's name; browsers hold __Host- to our host and to TLS."""
    return "__Host-chartroom" if secure else "chartroom"


def browser_of(user_agent: str) -> str | None:
    """Return a name such as "Firefox on Linux", None if nothing in it is known."""
    names = [
        next((name for mark, name in known if mark in user_agent), None)
        for known in (_PROGRAMS, _SYSTEMS)
    ]
    return " on ".join(name for name in names if name) or None
