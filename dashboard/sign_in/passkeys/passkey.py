"""Signing in with a passkey: no address, no code."""

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard.sign_in.forms import is_own_form, read_form, safe_next
from dashboard.sign_in.html import go, refused
from dashboard.sign_in.limiting import answered
from dashboard.sign_in.passkeys.questions import Questions, WrongAddress, reason_of
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.sign_in.ways import PASSKEY_PATH
from services.core.errors import ServiceError
from services.people import accounts
from services.people.sessions import NewSession
from services.people.sign_in import passkey_proofs
from services.people.sign_in.ceremonies import CeremonyOver, Purpose
from services.people.sign_in.passkey_answers import PasskeyRefused


def routes(context: SignInContext) -> list[BaseRoute]:
    """Return the page that asks for a passkey, and the route that signs in."""
    way_in = _WayIn(context)
    return [
        Route(PASSKEY_PATH, answered(context, way_in.show), methods=["GET"]),
        Route(PASSKEY_PATH, answered(context, way_in.sign_in), methods=["POST"]),
    ]


class _WayIn:
    def __init__(self, context: SignInContext) -> None:
        self._context = context
        self._questions = Questions(context)

    async def show(self, request: Request) -> Response:
        """Ask for any passkey of ours."""
        return await self._ask(request, safe_next(request.query_params.get("next")))

    async def sign_in(self, request: Request) -> Response:
        """Sign in the person whose passkey answered."""
        form = await read_form(request)
        if form is None or not is_own_form(request.headers):
            return refused()
        way_on, text = safe_next(form.get("next")), form.get("answer", "")
        try:
            started, email = await run_in_threadpool(self._enter, request, text)
        except (PasskeyRefused, CeremonyOver, WrongAddress) as refusal:
            await run_in_threadpool(
                self._context.record_refusal,
                request,
                "passkey",
                reason_of(refusal),
                ("passkey", getattr(refusal, "passkey_id", None)),
            )
            return await self._ask(request, way_on, refusal)
        response = go(way_on)
        self._context.identity.remember(request, response, started)
        if email is not None:
            self._context.known.add(request, response, self._context.address_of(email))
        return response

    async def _ask(
        self, request: Request, way_on: str, problem: ServiceError | None = None
    ) -> Response:
        return await self._questions.ask(
            request,
            "passkey.html",
            passkey_proofs.offer_sign_in,
            problem=problem,
            next=way_on,
        )

    def _enter(self, request: Request, text: str) -> tuple[NewSession, str | None]:
        """Start a sign-in; return it with its person's e-mail address."""
        party, answer = self._questions.receive(request, Purpose.SIGN_IN, text)

        def enter(session: Session) -> tuple[NewSession, str | None]:
            actor = passkey_proofs.sign_in(session, party, answer)
            started = self._context.identity.start(
                session, request, actor.id, method="passkey"
            )
            return started, accounts.find_email(session, actor.id)

        return self._context.write(request, enter)
