"""The language in which a request is answered, and the endpoints to choose another."""

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final, Literal

from anyio import to_thread
from sqlalchemy.orm import Session
from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.core.dependencies import SESSION
from api.core.origins import origin_of
from dashboard.ui.language import refusal_text, using_language
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.lists.list_words import patients_in_words
from dashboard.web.page_context.page_language import COOKIE, language_of
from dashboard.web.sessions.live_sessions import LiveSessions
from db.postgres import Database, DatabaseUnavailable
from services.core.actor_database import ActorDatabase
from services.core.actors import LANGUAGES, Actor
from services.core.errors import ServiceError
from services.documents.forms import Wording
from services.lists.criteria import Criteria
from services.patients.search.fields import FIELDS
from services.people.accounts import choose_display, choose_language
from services.people.sessions import LiveSession

# The value that stands for the clinic's own choice.
AS_THE_CLINIC: Final = "clinic"
_QUERY: Final = "language"
_A_YEAR: Final = 365 * 24 * 60 * 60
_MOST_BYTES: Final = 100
_NO_CONTENT: Final = 204
_BAD_REQUEST: Final = 400
_UNAVAILABLE: Final = 503


def _display(
    display: Literal["name_order", "list_density"],
    session: Session,
    actor: Actor,
    sent: str,
) -> None:
    """Keep a person's display setting, or delete it in favour of the clinic's own."""
    chosen = None if sent == AS_THE_CLINIC else sent
    choose_display(session, actor, display, chosen)


# What is chosen in the menu and kept with the person, and what keeps it.
_CHOICES: Final[Mapping[str, Callable[[Session, Actor, str], None]]] = {
    "language": choose_language,
    "name-order": partial(_display, "name_order"),
    "list-density": partial(_display, "list_density"),
}


def language_at(connection: HTTPConnection, usual: str) -> str:
    """Return the language in which a request is answered."""
    live: LiveSession | None = connection.scope.get(SESSION)
    return language_of(
        live.actor if live is not None else None,
        accepted=connection.headers.get("accept-language", ""),
        chosen=connection.cookies.get(COOKIE),
        usual=usual,
    )


def failure_translator(wording: Wording) -> Callable[[str], str]:
    """Return what translates why backups failed into the language of a PDF."""

    def explain(sentence: str) -> str:
        with using_language(wording.language):
            return translate_failure(sentence)

    return explain


def list_in_words(language: str, criteria: Criteria) -> str:
    """Return the sentence that describes a list of patients, in a language."""
    with using_language(language):
        return patients_in_words(criteria, FIELDS, None)


class LanguageMiddleware:
    """Has the pages of sign-in use the language of the client.

    A link to `?language=de` chooses one; the browser keeps it for its next visits.
    """

    def __init__(self, app: ASGIApp, usual: str) -> None:
        self._app = app
        self._usual = usual

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in one language."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = QueryParams(scope["query_string"]).get(_QUERY)
        if wanted not in LANGUAGES:
            with using_language(language_at(HTTPConnection(scope), self._usual)):
                await self._app(scope, receive, send)
            return
        with using_language(wanted):
            await self._app(scope, receive, _keeping(wanted, scope, send))


def choice_endpoints(
    database: Database, live: LiveSessions
) -> dict[str, Callable[[Request], Awaitable[Response]]]:
    """Return the endpoints that keep what a person chooses in their menu, by name."""
    return {name: _choosing(database, live, name) for name in _CHOICES}


def _choosing(
    database: Database, live: LiveSessions, name: str
) -> Callable[[Request], Awaitable[Response]]:
    keep = _CHOICES[name]

    async def choose(request: Request) -> Response:
        signed_in: LiveSession = request.scope[SESSION]
        own = ActorDatabase(database, signed_in.actor, origin_of(request))
        chosen = await sent_choice(request, name)
        try:
            await to_thread.run_sync(
                lambda: own.write(lambda session: keep(session, own.actor, chosen))
            )
        except ServiceError as refusal:
            return PlainTextResponse(refusal_text(refusal), _BAD_REQUEST)
        except DatabaseUnavailable:
            return Response(status_code=_UNAVAILABLE)
        live.invalidate(signed_in.record.id)
        return Response(status_code=_NO_CONTENT)

    return choose


async def sent_choice(request: Request, name: str) -> str:
    """Return what was chosen in the menu; empty for what no page of ours sends."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            return ""
    try:
        return str(json.loads(body)[name])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""


def _keeping(language: str, scope: Scope, send: Send) -> Send:
    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer = Response()
            answer.set_cookie(
                COOKIE,
                language,
                max_age=_A_YEAR,
                secure=scope.get("scheme") == "https",
                httponly=True,
                samesite="lax",
            )
            header = (b"set-cookie", answer.headers["set-cookie"].encode())
            message = {**message, "headers": [*message["headers"], header]}
        await send(message)

    return keep
