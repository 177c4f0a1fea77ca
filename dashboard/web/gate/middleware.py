"""The gate in front of everything: who is asking, from where, and may they come in.

Pure ASGI, because Streamlit's own checks are not enough for health records: it serves
/media/ to anybody who has the address, opens its websocket to any program, and gives a
session to anybody who names its id, unless it is told who the person is.
"""

from collections.abc import Callable, Collection, MutableMapping
from contextlib import AbstractContextManager
from typing import Any, Final
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.core import problems
from api.core.dependencies import FORWARDED, SESSION, SIGNED_IN
from api.core.origins import SESSION_ID
from dashboard.ui.language import ENGLISH, translated, using_language
from dashboard.web.gate.open_pages import OpenPages, PageLimits
from dashboard.web.gate.request_info import RequestInfo, hostname_of, within
from dashboard.web.gate.websocket_expiry import POLICY_VIOLATION, RevocableSocket
from dashboard.web.languages import language_at
from dashboard.web.page_scripts import SIGN_IN_PATH, SIGN_OUT_PATH
from dashboard.web.sessions.identity import token_of
from dashboard.web.sessions.live_sessions import LiveSessions
from db.auth_settings import THIS_MACHINE
from db.disk_space import DiskSpace
from db.postgres import DatabaseUnavailable
from services.core.full_disks import full_disk
from services.documents.sharing.links import SHARED_PATH
from services.people.sessions import LiveSession

USER_HEADER: Final = "X-Chartroom-User"
SESSION_HEADER: Final = "X-Chartroom-Session"
WATCH_PATH: Final = "/session/watch"

# The proxies in front of us have been heard by now (see `server.create_app`); nothing
# behind the gate may believe what a client says of itself.
_PROXIES_SAY: Final = (
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Real-IP",
)
_FOREIGN_HEADERS: Final = (USER_HEADER, SESSION_HEADER, *_PROXIES_SAY)

# Everything is closed except this: our own ways in, which check themselves who comes,
# and files that contain nothing of the clinic.
_OPEN: Final = (
    SIGN_IN_PATH,
    SIGN_OUT_PATH,
    "/welcome",
    "/book-a-visit",
    SHARED_PATH,
    "/static",
    "/app/static",
    "/favicon.png",
)
# Answered without a sign-in, and so without a database.
_ASSETS: Final = ("/static", "/app/static", "/favicon.png")
# Streamlit's own counters and its agent interface are of no use to anybody here.
_CLOSED: Final = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")
_TOO_MANY: Final = 429
_NO_ROOM: Final = 507
_CHANGING_HANDS: Final = "Database failover in progress. Try again in a moment."


def allowed_hosts(
    host: str, extra: Collection[str], *, public_url: str | None = None
) -> frozenset[str] | None:
    """Return the host names this server answers to; None if any name will do.

    Even a server that only this machine can reach is reached through a browser whose
    page has its own host name resolve to it (DNS rebinding); that name gives it away.
    """
    if host not in THIS_MACHINE and not extra:
        return None
    public = hostname_of(public_url or "")
    ours = {host.lower(), *(name.lower() for name in extra)}
    return THIS_MACHINE | ours | ({public} if public else set())


class Gate:
    """Admits browsers by our cookie, and tells the app behind who the person is."""

    def __init__(
        self,
        app: ASGIApp,
        live: LiveSessions,
        *,
        hosts: frozenset[str] | None,
        is_api_path: Callable[[str], bool],
        page_limits: PageLimits | None = None,
        disks: DiskSpace | None = None,
        cors_origins: Collection[str] = (),
        language: str = ENGLISH,
    ) -> None:
        self._app = app
        self._cors_origins = frozenset(cors_origins)
        self._live = live
        self._hosts = hosts
        self._is_api_path = is_api_path
        self._pages = OpenPages(page_limits or PageLimits())
        self._disks = disks
        self._usual = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on admitted requests, and answer the others."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        try:
            visit = RequestInfo.of(scope, await self._find(scope))
        except DatabaseUnavailable as error:
            with self._speaking(scope):
                unavailable = self._unavailable(scope["path"], error)
            await _refuse(unavailable, scope, receive, send)
            return
        _announce(scope, visit.live)
        with self._speaking(scope):
            refusal = self._refusal(visit)
        if refusal is not None:
            await _refuse(refusal, scope, receive, send)
        elif visit.live is None:
            await self._app(scope, receive, send)
        elif visit.is_websocket:
            id_ = visit.live.record.id
            with self._pages.opened(id_, visit.network, visit.path):
                await self._converse(visit.live, scope, receive, send)
        else:
            if visit.is_input:
                self._live.note_input(visit.live.record.id)
            await self._app(scope, receive, send)

    def _speaking(self, scope: Scope) -> AbstractContextManager[None]:
        """Have refusals of a page use the language of the client."""
        return using_language(language_at(HTTPConnection(scope), self._usual))

    async def _find(self, scope: Scope) -> LiveSession | None:
        if within(scope["path"], _ASSETS):
            return None
        token = token_of(HTTPConnection(scope))
        try:
            return await self._live.find(token) if token else None
        except DatabaseUnavailable:
            if within(scope["path"], _OPEN):
                return None
            raise

    async def _converse(
        self, live: LiveSession, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Keep a websocket open for as long as the sign-in that opened it."""
        if scope["path"] == WATCH_PATH:
            await self._app(scope, receive, send)
            return
        with self._live.attend(live) as page:
            line = RevocableSocket(receive, send, page)
            try:
                await self._app(scope, line.receive, line.send)
            finally:
                line.close()

    def _refusal(self, visit: RequestInfo) -> Response | None:
        if self._hosts is not None and visit.hostname not in self._hosts:
            sentence = "This server does not answer to that name."
            return self._answer(visit.path, 421, sentence)
        if visit.is_websocket:
            may_open = visit.may_open_websocket and self._has_room(visit)
            return None if may_open else PlainTextResponse("Not from here.", 403)
        if visit.comes_from_elsewhere and not self._is_admitted(visit):
            sentence = "Requests from other sites are refused."
            return self._answer(visit.path, 403, sentence)
        if within(visit.path, _CLOSED):
            return PlainTextResponse("Not found.", 404)
        is_open = within(visit.path, _OPEN) or self._is_api_path(visit.path)
        return None if is_open else self._refusal_of_page(visit)

    def _is_admitted(self, visit: RequestInfo) -> bool:
        """Return whether a script of an admitted site calls the API.

        It needs a token there: our cookie changes things only from our own pages.
        """
        origin = visit.headers.get("origin")
        return origin in self._cors_origins and self._is_api_path(visit.path)

    def _refusal_of_page(self, visit: RequestInfo) -> Response | None:
        if visit.live is None:
            return _to_sign_in(visit)
        if visit.opens_page and self._pages.is_full(visit.live.record.id):
            return PlainTextResponse(translated(self._pages.sentence()), _TOO_MANY)
        return None

    def _has_room(self, visit: RequestInfo) -> bool:
        return visit.live is not None and self._pages.may_open(
            visit.live.record.id, visit.network, visit.path
        )

    def _unavailable(self, path: str, error: DatabaseUnavailable) -> Response:
        if full := full_disk(error, self._disks):
            response = self._answer(path, _NO_ROOM, full.args[0])
            response.headers["Retry-After"] = "30"
            return response
        response = self._answer(path, 503, _CHANGING_HANDS)
        response.headers["Retry-After"] = "2"
        return response

    def _answer(self, path: str, status: int, sentence: str) -> Response:
        """Return a refusal, for a path of the API in the API's format."""
        if self._is_api_path(path):
            return problems.refused(path, status, sentence)
        return PlainTextResponse(translated(sentence), status)


def _to_sign_in(visit: RequestInfo) -> Response:
    if not visit.is_navigation:
        return PlainTextResponse("Sign in first.", 401)
    target = quote(visit.target, safe="")
    return RedirectResponse(f"{SIGN_IN_PATH}?next={target}", status_code=303)


def _announce(scope: MutableMapping[str, Any], live: LiveSession | None) -> None:
    """Put the signed-in person into the scope; remove what the client claims to be."""
    headers = MutableHeaders(scope=scope)
    scope[FORWARDED] = any(name in headers for name in _PROXIES_SAY)
    for name in _FOREIGN_HEADERS:
        del headers[name]
    if live is not None:
        headers[USER_HEADER] = str(live.actor.id)
        headers[SESSION_HEADER] = str(live.record.id)
    # Changed in place, so that the route that routing adds reaches the request log.
    scope["headers"] = headers.raw
    scope[SESSION] = live
    scope[SESSION_ID] = None if live is None else live.record.id
    scope[SIGNED_IN] = None if live is None else live.actor.id


async def _refuse(
    refusal: Response, scope: Scope, receive: Receive, send: Send
) -> None:
    if scope["type"] == "websocket":
        # In ASGI, closing before accepting answers a handshake with 403.
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
    else:
        await refusal(scope, receive, send)
