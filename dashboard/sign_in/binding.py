"""A secret that each browser keeps, so that only it can answer its own questions."""

import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from api.core.origins import network_of
from dashboard.sign_in.cookies import SignedCookie
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.web.installation_key import derive
from services.core import throttling
from services.core.throttling import Limit

_RANDOM_BYTES: Final = 32
# Longer than any question can be answered: see
# services.people.sign_in.ceremonies.LIFETIME.
_SECONDS: Final = 10 * 60


class Binding:
    """Gives a browser its secret, the same for all of its tabs."""

    def __init__(self, context: SignInContext) -> None:
        key = derive(context.key, "binding")
        self._context = context
        self._cookie = SignedCookie("chartroom-asked", key, lifetime_seconds=_SECONDS)

    def answer(self, request: Request) -> str:
        """Return the secret that an answer comes with, empty if the browser has none.

        Raises LimitReached: each answer is looked up, and each wrong one is recorded.
        """
        self._take(request, throttling.TRIES_PER_BROWSER, throttling.TRIES_PER_NETWORK)
        return self._find(request) or ""

    def begin(self, request: Request) -> str:
        """Return the secret for another question; raises LimitReached.

        `keep` gives it to the browser, with the response that asks.
        """
        self._take(
            request,
            throttling.CEREMONIES_PER_BROWSER,
            throttling.CEREMONIES_PER_NETWORK,
        )
        return self._find(request) or secrets.token_urlsafe(_RANDOM_BYTES)

    def keep(self, request: Request, response: Response, secret: str) -> None:
        """Have the browser keep its secret for a while."""
        self._cookie.write(request, response, {"browser": secret})

    def _take(self, request: Request, of_browser: Limit, of_network: Limit) -> None:
        """Count for the browser if it is known, so that no neighbour can block it."""
        if browser := self._context.known.name_of(request):
            self._context.throttle.take(of_browser, browser)
        else:
            self._context.throttle.take(of_network, network_of(request))

    def _find(self, request: Request) -> str | None:
        note = self._cookie.read(request)
        return None if note is None else note["browser"]
