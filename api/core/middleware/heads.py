"""HEAD wherever GET reads: the same status and headers, without the body."""

from collections.abc import Collection, Sequence
from typing import Final

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.core.outcomes import FHIR_JSON

_OK: Final = 200
_READ: Final = frozenset({"application/json", FHIR_JSON})


def methods_of(route: APIRoute) -> Collection[str]:
    """Return the methods that a route answers, with HEAD where its GET only reads."""
    methods = route.methods or set()
    return {*methods, "HEAD"} if _only_reads(route) else methods


def _only_reads(route: APIRoute) -> bool:
    """Return whether GET reads something, rather than sends a file or starts a job.

    What sends a file records that it was sent, which would not be true of HEAD. Those
    that can tell the headers without that have a route of their own.
    """
    if "GET" not in (route.methods or ()) or route.path.startswith("/files/"):
        return False
    answer = route.responses.get(_OK, {})
    is_json = "model" in answer or not _READ.isdisjoint(answer.get("content", ()))
    return is_json or not route.include_in_schema


class HeadOfGet:
    """Answers HEAD as GET would, where no route answers HEAD itself."""

    def __init__(self, app: ASGIApp, routes: Sequence[APIRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, without the body if it is HEAD."""
        if scope["type"] != "http" or not self._is_for_get(scope):
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, send_head)

    def _is_for_get(self, scope: Scope) -> bool:
        if scope["method"] != "HEAD" or _find(self._routes, scope):
            return False
        route = _find(self._routes, {**scope, "method": "GET"})
        return route is not None and "HEAD" in methods_of(route)


def _find(routes: Sequence[APIRoute], scope: Scope) -> APIRoute | None:
    return next((each for each in routes if each.matches(scope)[0] is Match.FULL), None)
