"""One log line and two counters per request, none of which can name a patient."""

import logging
import secrets
import time
from typing import Any, Final

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.core import problems
from api.core.origins import REQUEST_ID
from dashboard.web.log import json_log

REQUESTS: Final = Counter(
    "chartroom_http_requests",
    "Number of HTTP requests answered, by method, route template and status.",
    ["method", "route", "status"],
)
SECONDS: Final = Histogram(
    "chartroom_http_request_seconds",
    "Time until an HTTP request was answered in full, in seconds.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 2.5, 5, 10, 30),
)
_METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
)
_FOLDERS: Final = (
    "static",
    "app",
    "media",
    "component",
    "_stcore",
    "files",
    "api",
    "fhir",
)
_BROKEN: Final = 500
# Nginx's status for a client that left before it was answered.
_CLIENT_LEFT: Final = 499
_log = logging.getLogger("chartroom.requests")

# Our own id, never the client's: what somebody sends must not end up in a log.
REQUEST_ID_HEADER: Final = "X-Request-ID"


class RequestLog:
    """Logs method, route template, status and milliseconds; catches unexpected errors.

    Neither the path nor the query string is logged: people search for people there. The
    request's id is in every line that is logged on its way, in the audit log, and in
    the answer, for those who ask what happened.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, then log how it went."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        scope[REQUEST_ID] = secrets.token_hex(8)
        with structlog.contextvars.bound_contextvars(request_id=scope[REQUEST_ID]):
            await self._pass_on(
                scope, receive, _StatusRecorder(send, scope[REQUEST_ID])
            )

    async def _pass_on(
        self, scope: Scope, receive: Receive, recorder: "_StatusRecorder"
    ) -> None:
        started = time.perf_counter()
        try:
            await self._app(scope, receive, recorder.send)
        except ClientDisconnect:
            recorder.status = recorder.status or _CLIENT_LEFT
        # The outermost handler: the server would log an error that leaves here with its
        # message, which may quote a row.
        except Exception as error:
            _log.error("Unexpected error: %s", json_log.describe(error))
            await _answer_broken(scope, receive, recorder)
        finally:
            if scope["type"] == "http":
                _write(scope, recorder.status, time.perf_counter() - started)


class _StatusRecorder:
    """Remembers the status that was sent, and adds the request's id to the answer."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        """Send the message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            headers[REQUEST_ID_HEADER] = self._request_id
        await self._send(message)


async def _answer_broken(
    scope: Scope, receive: Receive, recorder: _StatusRecorder
) -> None:
    if scope["type"] == "http" and recorder.status is None:
        response = problems.broken(scope["path"])
        response.headers["Cache-Control"] = "no-store"
        await response(scope, receive, recorder.send)


def _write(scope: Scope, status: int | None, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    route, code = route_of(scope), status or _BROKEN
    REQUESTS.labels(method, route, code).inc()
    SECONDS.labels(method, route).observe(seconds)
    _log.info(
        "request",
        extra={
            "method": method,
            "route": route,
            "status": code,
            "milliseconds": round(seconds * 1000, 1),
        },
    )


def route_of(scope: dict[str, Any] | Scope) -> str:
    """Return the route's template; of other apps' routes no more than their folder."""
    template = getattr(scope.get("route"), "path", None)
    if isinstance(template, str) and template:
        return template
    folder, _, rest = scope["path"].lstrip("/").partition("/")
    if folder in _FOLDERS:
        return f"/{folder}/..." if rest else f"/{folder}"
    return "page"
