"""The gate in front of everything: who is asking, from where, and may they get in.

Pure ASGI, because Streamlit's own gates are not enough for health records: it serves
/media/ to whoever has the address, opens its websocket to any program, and hands a
session to whoever names its id, unless it is told who the person is.
"""

import asyncio
from collections.abc import Callable, Collection, MutableMapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.dependencies import SESSION, SIGNED_IN
from dashboard.identity import token_of
from dashboard.leaving import SIGN_IN_PATH, SIGN_OUT_PATH
from dashboard.live_sessions import Attendance, LiveSessions
from db.routing import DatabaseUnavailable
from services.sessions import Live

USER_HEADER: Final = "X-Chartroom-User"
SESSION_HEADER: Final = "X-Chartroom-Session"
WATCH_PATH: Final = "/session/watch"

# Whoever is in front of us has had its say by now (see `server.create_app`); nobody
# behind shall believe what a client says of itself.
_FOREIGN_HEADERS: Final = (
    USER_HEADER,
    SESSION_HEADER,
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Real-IP",
)

# Everything is closed except this: our own doors, which ask themselves who comes, and
# files that hold nothing of the clinic.
_OPEN: Final = (
    SIGN_IN_PATH,
    SIGN_OUT_PATH,
    "/welcome",
    "/static",
    "/app/static",
    "/favicon.png",
)
# Needs no sign-in, and so no database, to be answered.
_ASSETS: Final = ("/static", "/app/static", "/favicon.png")
# Streamlit's own counters and its agent interface serve nobody here.
_CLOSED: Final = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")
# Answered with a plain 401 to strangers; all else is a page to come back to.
_MACHINERY: Final = ("/_stcore", "/media", "/component", "/session")
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# What a browser asks for on its own; a page that refreshes itself is no input.
_DOCUMENT: Final = "document"
_POLICY_VIOLATION: Final = 1008
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def allowed_hosts(host: str, extra: Collection[str]) -> frozenset[str] | None:
    """Return the names this server answers to; None where any name will do.

    A server that only this machine can reach is still reached through a browser whose
    page has its own name point here (DNS rebinding); that name gives it away.
    """
    if host not in _LOOPBACK and not extra:
        return None
    return _LOOPBACK | {host.lower()} | {name.lower() for name in extra}


class Gate:
    """Lets in whom our cookie names, and tells the app behind who it is."""

    def __init__(
        self,
        app: ASGIApp,
        live: LiveSessions,
        *,
        hosts: frozenset[str] | None,
        is_own_door: Callable[[str], bool],
    ) -> None:
        self._app = app
        self._live = live
        self._hosts = hosts
        self._is_own_door = is_own_door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass, and answer the rest."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        try:
            visit = _Visit.of(scope, await self._find(scope))
        except DatabaseUnavailable:
            await _refuse(_unavailable(), scope, receive, send)
            return
        _announce(scope, visit.live)
        refusal = self._refusal(visit)
        if refusal is not None:
            await _refuse(refusal, scope, receive, send)
        elif visit.live is None:
            await self._app(scope, receive, send)
        elif visit.is_websocket and visit.path != WATCH_PATH:
            await self._attend(visit.live, scope, receive, send)
        else:
            if visit.is_input:
                self._live.note_input(visit.live.record.id)
            await self._app(scope, receive, send)

    async def _find(self, scope: Scope) -> Live | None:
        if _within(scope["path"], _ASSETS):
            return None
        token = token_of(HTTPConnection(scope))
        try:
            return await self._live.find(token) if token else None
        except DatabaseUnavailable:
            if _within(scope["path"], _OPEN):
                return None
            raise

    async def _attend(
        self, live: Live, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Keep a websocket open for as long as the sign-in that opened it."""
        with self._live.attend(live) as page:
            line = _Line(receive, send, page)
            try:
                await self._app(scope, line.receive, line.send)
            finally:
                line.close()

    def _refusal(self, visit: "_Visit") -> Response | None:
        if self._hosts is not None and visit.hostname not in self._hosts:
            return _plain(421, "This server does not answer to that name.")
        if visit.is_websocket:
            return None if visit.may_open_websocket else _plain(403, "Not from here.")
        if visit.comes_from_elsewhere:
            return _plain(403, "Requests from other sites are refused.")
        if _within(visit.path, _CLOSED):
            return _plain(404, "Not found.")
        is_open = _within(visit.path, _OPEN) or self._is_own_door(visit.path)
        return None if visit.live or is_open else _to_sign_in(visit)


class _Line:
    """A websocket that the server hangs up when the sign-in ends."""

    def __init__(self, receive: Receive, send: Send, page: Attendance) -> None:
        self._receive = receive
        self._send = send
        self._over = asyncio.ensure_future(page.until_over())
        self._next: asyncio.Future[Message] | None = None

    async def receive(self) -> Message:
        """Return the next message, or that the line is dead."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._receive())
        waiting: set[asyncio.Future[Any]] = {self._next, self._over}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if self._over.done():
            await self._send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}
        message, self._next = self._next.result(), None
        return message

    async def send(self, message: Message) -> None:
        """Send what the app behind says, while anybody may hear it."""
        if not self._over.done():
            await self._send(message)

    def close(self) -> None:
        """Stop waiting."""
        self._over.cancel()
        if self._next is not None:
            self._next.cancel()


@dataclass(frozen=True, slots=True)
class _Visit:
    """What a request says about itself."""

    path: str
    target: str
    method: str
    headers: Headers
    live: Live | None

    @classmethod
    def of(cls, scope: Scope, live: Live | None) -> "_Visit":
        query = scope.get("query_string", b"").decode("latin-1")
        path = scope["path"]
        return cls(
            path,
            f"{path}?{query}" if query else path,
            scope.get("method", ""),
            Headers(scope=scope),
            live,
        )

    @property
    def is_websocket(self) -> bool:
        return not self.method

    @property
    def hostname(self) -> str | None:
        return _hostname(f"//{self.headers.get('host', '')}")

    @property
    def may_open_websocket(self) -> bool:
        return self.live is not None and self._is_same_origin is True

    @property
    def comes_from_elsewhere(self) -> bool:
        """Whether another site makes the browser change something here."""
        return self.method not in _SAFE_METHODS and self._is_same_origin is False

    @property
    def is_navigation(self) -> bool:
        return self.method in {"GET", "HEAD"}

    @property
    def is_input(self) -> bool:
        """Whether a person does something: opens a page, sends something.

        Programs that carry our cookie do not say what they are; they count.
        """
        if self.method not in _SAFE_METHODS:
            return True
        kind = self.headers.get("sec-fetch-dest", _DOCUMENT)
        return kind == _DOCUMENT and not _within(self.path, _MACHINERY)

    @property
    def _is_same_origin(self) -> bool | None:
        """Whether our own page asks; None where the client does not say.

        Under `Referrer-Policy: no-referrer` a browser's form says "Origin: null", so
        then its Sec-Fetch-Site decides.
        """
        origin = self.headers.get("origin")
        if origin is not None and origin != "null":
            return urlsplit(origin).netloc == self.headers.get("host")
        site = self.headers.get("sec-fetch-site")
        if site is not None:
            return site in {"same-origin", "none"}
        return None if origin is None else False


def _to_sign_in(visit: _Visit) -> Response:
    if _within(visit.path, _MACHINERY) or not visit.is_navigation:
        return _plain(401, "Sign in first.")
    target = quote(visit.target, safe="")
    return RedirectResponse(f"{SIGN_IN_PATH}?next={target}", status_code=303)


def _announce(scope: MutableMapping[str, Any], live: Live | None) -> None:
    """Tell the app behind who is here; what the client says about it is removed."""
    headers = MutableHeaders(scope=scope)
    for name in _FOREIGN_HEADERS:
        del headers[name]
    if live is not None:
        headers[USER_HEADER] = str(live.actor.id)
        headers[SESSION_HEADER] = str(live.record.id)
    # The same dict goes on, so that routing's findings reach the request log.
    scope["headers"] = headers.raw
    scope[SESSION] = live
    scope[SIGNED_IN] = None if live is None else live.actor.id


async def _refuse(
    refusal: Response, scope: Scope, receive: Receive, send: Send
) -> None:
    if scope["type"] == "websocket":
        # Closing before accepting is how ASGI answers a handshake with 403.
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
    else:
        await refusal(scope, receive, send)


def _within(path: str, prefixes: Collection[str]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _plain(status: int, sentence: str) -> Response:
    return PlainTextResponse(sentence, status)


def _unavailable() -> Response:
    response = _plain(503, "The database is changing hands. Try again in a moment.")
    response.headers["Retry-After"] = "2"
    return response
