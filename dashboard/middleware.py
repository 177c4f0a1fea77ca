"""The gate in front of everything: who is asking, from where, and may they get in.

Pure ASGI, because Streamlit's own gates are not enough for health records: it serves
/media/ to whoever has the address, opens its websocket to any program, and hands a
session to whoever names its id, unless it is told who the person is.
"""

import time
from collections.abc import Callable, Collection, MutableMapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.dependencies import SIGNED_IN
from dashboard.identity import IdentityCookie, SignedIn
from dashboard.leaving import SIGN_IN_PATH, SIGN_OUT_PATH

USER_HEADER: Final = "X-Chartroom-User"

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
# Streamlit's own counters and its agent interface serve nobody here.
_CLOSED: Final = ("/_stcore/metrics", "/_stcore/agent", "/_stcore/script-health-check")
# Answered with a plain 401 to strangers; all else is a page to come back to.
_MACHINERY: Final = ("/_stcore", "/media", "/component")
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
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
        cookie: IdentityCookie,
        *,
        hosts: frozenset[str] | None,
        is_own_door: Callable[[str], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._cookie = cookie
        self._hosts = hosts
        self._is_own_door = is_own_door
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass, and answer the rest."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        visit = _Visit.of(scope, self._cookie)
        _announce(scope, visit.signed_in)
        refusal = self._refusal(visit)
        if refusal is None:
            if scope["type"] == "websocket" and visit.signed_in is not None:
                receive = self._until_expiry(receive, visit.signed_in)
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            # Closing before accepting is how ASGI answers a handshake with 403.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, send)

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
        return None if visit.signed_in or is_open else _to_sign_in(visit)

    def _until_expiry(self, receive: Receive, signed_in: SignedIn) -> Receive:
        """End an open websocket with the cookie that opened it."""

        async def receive_in_time() -> Message:
            message = await receive()
            if self._clock() < signed_in.expires_at:
                return message
            return {"type": "websocket.disconnect", "code": 1008}

        return receive_in_time


@dataclass(frozen=True, slots=True)
class _Visit:
    """What a request says about itself."""

    path: str
    target: str
    method: str
    headers: Headers
    signed_in: SignedIn | None

    @classmethod
    def of(cls, scope: Scope, cookie: IdentityCookie) -> "_Visit":
        headers = Headers(scope=scope)
        secure = scope.get("scheme") in {"https", "wss"}
        query = scope.get("query_string", b"").decode("latin-1")
        path = scope["path"]
        return cls(
            path,
            f"{path}?{query}" if query else path,
            scope.get("method", ""),
            headers,
            cookie.read("; ".join(headers.getlist("cookie")), secure=secure),
        )

    @property
    def is_websocket(self) -> bool:
        return not self.method

    @property
    def hostname(self) -> str | None:
        return _hostname(f"//{self.headers.get('host', '')}")

    @property
    def may_open_websocket(self) -> bool:
        return self.signed_in is not None and self._is_same_origin is True

    @property
    def comes_from_elsewhere(self) -> bool:
        """Whether another site makes the browser change something here."""
        return self.method not in _SAFE_METHODS and self._is_same_origin is False

    @property
    def is_navigation(self) -> bool:
        return self.method in {"GET", "HEAD"}

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


def _announce(scope: MutableMapping[str, Any], signed_in: SignedIn | None) -> None:
    """Tell the app behind who is here; what the client says about it is removed."""
    headers = MutableHeaders(scope=scope)
    del headers[USER_HEADER]
    if signed_in is not None:
        headers[USER_HEADER] = str(signed_in.user_id)
    # The same dict goes on, so that routing's findings reach the request log.
    scope["headers"] = headers.raw
    scope[SIGNED_IN] = None if signed_in is None else signed_in.user_id


def _within(path: str, prefixes: Collection[str]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _plain(status: int, sentence: str) -> Response:
    return PlainTextResponse(sentence, status)
