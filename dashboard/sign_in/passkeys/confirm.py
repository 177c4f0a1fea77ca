"""Confirming one's identity again before a serious act."""

from urllib.parse import quote

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.sign_in.forms import read_form, safe_next
from dashboard.sign_in.html import go, page, refused
from dashboard.sign_in.passkeys.questions import Questions, WrongAddress, reason_of
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.sign_in.signed_in import personal
from dashboard.web.page_scripts import CONFIRM_PATH, PASSKEYS_PATH
from services.core import audit
from services.core.audit import Action
from services.core.errors import ServiceError
from services.people import sessions
from services.people.sessions import LiveSession
from services.people.sign_in import passkey_proofs
from services.people.sign_in.ceremonies import CeremonyOver, Purpose
from services.people.sign_in.passkey_answers import PasskeyRefused, RelyingParty
from services.people.sign_in.passkey_proofs import NoPasskey


def routes(context: SignInContext) -> list[BaseRoute]:
    """Return the page that asks for a passkey again, and the route that records it."""
    confirming = _Confirming(context)
    return [
        Route(CONFIRM_PATH, personal(context, confirming.show), methods=["GET"]),
        Route(CONFIRM_PATH, personal(context, confirming.confirm), methods=["POST"]),
    ]


class _Confirming:
    def __init__(self, context: SignInContext) -> None:
        self._context = context
        self._questions = Questions(context)

    async def show(self, request: Request, live: LiveSession) -> Response:
        """Ask for one of the person's own passkeys."""
        way_on = safe_next(request.query_params.get("next"))
        return await self._ask(request, live, way_on)

    async def confirm(self, request: Request, live: LiveSession) -> Response:
        """Record that the person is present, and go on."""
        form = await read_form(request)
        if form is None:
            return refused()
        way_on, text = safe_next(form.get("next")), form.get("answer", "")
        try:
            await run_in_threadpool(self._prove, request, live, text)
        except (PasskeyRefused, CeremonyOver, WrongAddress) as refusal:
            await run_in_threadpool(self._write_down, request, live, refusal)
            return await self._ask(request, live, way_on, refusal)
        return go(way_on)

    async def _ask(
        self,
        request: Request,
        live: LiveSession,
        way_on: str,
        problem: ServiceError | None = None,
    ) -> Response:
        def offer(session: Session, party: RelyingParty, browser: str) -> str:
            return passkey_proofs.offer_confirmation(
                session, live.actor, party, browser
            )

        try:
            return await self._questions.ask(
                request,
                "confirm.html",
                offer,
                problem=problem,
                next=way_on,
                name=live.actor.name,
            )
        except NoPasskey:
            again = f"{CONFIRM_PATH}?next={quote(way_on, safe='')}"
            adding = f"{PASSKEYS_PATH}?next={quote(again, safe='')}"
            return page("confirm_without.html", next=way_on, adding=adding)

    def _prove(self, request: Request, live: LiveSession, text: str) -> None:
        party, answer = self._questions.receive(request, Purpose.CONFIRM, text)

        def prove(session: Session) -> None:
            passkey_proofs.confirm(session, live.actor, party, answer)
            sessions.confirm(session, live.record.id)

        self._context.write(request, prove)

    def _write_down(
        self, request: Request, live: LiveSession, refusal: ServiceError
    ) -> None:
        self._context.write(
            request,
            lambda session: audit.record(
                session,
                live.actor,
                Action.SESSION_CONFIRM,
                subject=("session", live.record.id),
                outcome="failed",
                details={"why": reason_of(refusal)},
            ),
        )
