"""Answers, in our own words, that there is no page at an address, with a way on.

Streamlit would show its own message in English over the first page, and answer 200.
"""

from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.core.dependencies import SESSION
from dashboard.navigation import is_first_page, is_page
from dashboard.sign_in import html
from dashboard.ui.language import gettext as _, using_language
from dashboard.web.languages import language_at
from services.people.sessions import LiveSession

# What Streamlit and its pages fetch; nobody opens these by hand.
_MACHINERY: Final = frozenset({"_stcore", "app", "component", "media", "static"})
_NOT_FOUND: Final = 404


class UnknownPages:
    """Answers for addresses that are no page; all others go on to the pages.

    A request for a person's first page under its own name is redirected to the root,
    where that page is, with the query, such as a tab or a page of a list.

    Requests without a sign-in never get here, so strangers do not learn which pages
    exist.
    """

    def __init__(self, app: ASGIApp, usual: str) -> None:
        self._app = app
        self._usual = usual

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on to the pages."""
        if not _asks_for_a_page(scope):
            await self._app(scope, receive, send)
            return
        live: LiveSession | None = scope.get(SESSION)
        if live is not None and is_first_page(live.actor, scope["path"]):
            # Streamlit has it at the root, and would say that it does not exist.
            query = scope["query_string"].decode("ascii", "replace")
            await RedirectResponse(f"/?{query}" if query else "/")(scope, receive, send)
            return
        if is_page(scope["path"]):
            await self._app(scope, receive, send)
            return
        with using_language(language_at(HTTPConnection(scope), self._usual)):
            answer = html.page(
                "message.html",
                _NOT_FOUND,
                title=_("Page not found"),
                sentence=_(
                    "The address may be misspelt, or the page may have moved. Nothing "
                    "was changed."
                ),
                way_on="/",
                way_on_words=_("Go to Home"),
            )
        await answer(scope, receive, send)


def _asks_for_a_page(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
        return False
    first, *_others = scope["path"].strip("/").split("/")
    if first in _MACHINERY or "." in scope["path"]:
        return False
    return "text/html" in HTTPConnection(scope).headers.get("accept", "")
