"""A person's own passkeys: listing, adding and removing them."""

from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import quote
from uuid import UUID

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.sign_in.forms import read_form, safe_next
from dashboard.sign_in.html import go, page, refused
from dashboard.sign_in.passkeys.questions import UNPROCESSABLE, Questions
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.sign_in.signed_in import personal, to_proof
from dashboard.web.page_scripts import PASSKEYS_PATH
from db.postgres import ANONYMOUS
from services.core.actors import Actor
from services.core.errors import ServiceError
from services.people.sessions import LiveSession
from services.people.sign_in import identities, passkeys
from services.people.sign_in.ceremonies import Purpose
from services.people.sign_in.confirmations import NotConfirmed
from services.people.sign_in.identities import IdentityEntry
from services.people.sign_in.passkey_answers import RelyingParty
from services.people.sign_in.passkeys import TooManyPasskeys

T = TypeVar("T")
_REMOVE_PATH: Final = f"{PASSKEYS_PATH}/remove"


def routes(context: SignInContext) -> list[BaseRoute]:
    """Return the list of one's own passkeys, and the routes that change it."""
    own = _OwnPasskeys(context)
    return [
        Route(PASSKEYS_PATH, personal(context, own.show), methods=["GET"]),
        Route(PASSKEYS_PATH, personal(context, own.add), methods=["POST"]),
        Route(_REMOVE_PATH, personal(context, own.remove), methods=["POST"]),
    ]


class _OwnPasskeys:
    def __init__(self, context: SignInContext) -> None:
        self._context = context
        self._questions = Questions(context)

    async def show(self, request: Request, live: LiveSession) -> Response:
        """Show the passkeys, and offer to add another."""
        return await self._show(request, live, request.query_params.get("next"))

    async def add(self, request: Request, live: LiveSession) -> Response:
        """Store the passkey that the browser made."""
        form = await read_form(request)
        if form is None:
            return refused()

        name = form.get("name", "")

        def add() -> None:
            party, answer = self._questions.receive(
                request, Purpose.ADD_PASSKEY, form.get("answer", "")
            )
            self._context.write(
                request,
                lambda session: passkeys.add(
                    session,
                    live.actor,
                    party,
                    answer,
                    name=name,
                    session_id=live.record.id,
                ),
            )

        return await self._change(request, live, add, form.get("next"), name)

    async def remove(self, request: Request, live: LiveSession) -> Response:
        """Remove a passkey."""
        form = await read_form(request)
        passkey_id = _id((form or {}).get("passkey"))
        if form is None or passkey_id is None:
            return refused()

        def remove() -> None:
            self._context.write(
                request,
                lambda session: passkeys.remove(
                    session, live.actor, passkey_id, session_id=live.record.id
                ),
            )

        return await self._change(request, live, remove, None)

    async def _change(
        self,
        request: Request,
        live: LiveSession,
        change: Callable[[], None],
        way_on: str | None,
        typed_name: str = "",
    ) -> Response:
        try:
            await run_in_threadpool(change)
        except NotConfirmed:
            return go(await to_proof(self._context, live, _here(way_on)))
        except ServiceError as refusal:
            return await self._show(request, live, way_on, refusal, typed_name)
        return go(safe_next(way_on) if way_on else PASSKEYS_PATH)

    async def _show(
        self,
        request: Request,
        live: LiveSession,
        way_on: str | None,
        problem: ServiceError | None = None,
        typed_name: str = "",
    ) -> Response:
        def offer(session: Session, party: RelyingParty, browser: str) -> str:
            return passkeys.offer_new(
                session, live.actor, party, browser, session_id=live.record.id
            )

        shown: dict[str, Any] = {
            "next": safe_next(way_on) if way_on else None,
            "entries": await self._read(live, passkeys.list_passkeys),
            "label": self._context.settings.oidc_label,
            "accounts": await self._accounts(live),
            "longest": passkeys.LONGEST_NAME,
            "typed_name": typed_name,
        }
        try:
            return await self._questions.ask(
                request, "passkeys.html", offer, problem=problem, **shown
            )
        except NotConfirmed:
            shown["proof"] = await to_proof(self._context, live, _here(way_on))
        except TooManyPasskeys as refusal:
            problem = problem or refusal
        return page(
            "passkeys.html", UNPROCESSABLE if problem else 200, problem=problem, **shown
        )

    async def _accounts(self, live: LiveSession) -> tuple[IdentityEntry, ...] | None:
        """Return the connected accounts; None if there is no identity provider."""
        issuer = self._context.settings.oidc_issuer
        if issuer is None:
            return None
        entries = await self._read(live, identities.list_identities)
        return tuple(entry for entry in entries if entry.issuer == issuer)

    async def _read(self, live: LiveSession, find: Callable[[Session, Actor], T]) -> T:
        # From the primary: what was just added or removed must show.
        read = await run_in_threadpool(
            self._context.database.read_latest,
            lambda session: find(session, live.actor),
            identity=ANONYMOUS,
        )
        return read.value


def _here(way_on: str | None) -> str:
    """Return this page's address, with the target that a person was on the way to."""
    return f"{PASSKEYS_PATH}?next={quote(way_on, safe='')}" if way_on else PASSKEYS_PATH


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
