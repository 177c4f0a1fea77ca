"""Trailing slashes below /fhir, which some FHIR clients append to an address."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from api.core.outcomes import is_fhir

_SLASH: Final = "/"


class TrailingSlash:
    """Serves an address below /fhir that ends in a slash as the one without it.

    A redirect would lose the body of a POST, and repeat what is searched for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request under the address without the slash."""
        path = scope.get("path", "")
        if scope["type"] == "http" and is_fhir(path) and path.endswith(_SLASH):
            scope = {**scope, "path": path.removesuffix(_SLASH)}
        await self._app(scope, receive, send)
