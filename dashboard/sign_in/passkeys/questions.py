"""Passkey questions on our pages: put to a browser, and their answers received."""

from collections.abc import Callable
from typing import Final

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from dashboard.sign_in.binding import Binding
from dashboard.sign_in.html import page
from dashboard.sign_in.passkeys.relying_party import Elsewhere, party_of
from dashboard.sign_in.sign_in_context import SignInContext
from services.core.errors import Conflict, ServiceError
from services.people.sign_in import passkey_answers
from services.people.sign_in.ceremonies import CeremonyOver, Purpose
from services.people.sign_in.passkey_answers import Answer, PasskeyRefused, RelyingParty

UNPROCESSABLE: Final = 422
Offer = Callable[[Session, RelyingParty, str], str]


class WrongAddress(Conflict):
    """Passkeys do not work at the address that the browser uses."""

    def __init__(self) -> None:
        super().__init__("Passkeys do not work at this address.")


class Questions:
    """Asks browsers for passkeys; each can answer only its own question."""

    def __init__(self, context: SignInContext) -> None:
        self._context = context
        self._binding = Binding(context)

    async def ask(
        self,
        request: Request,
        template: str,
        offer: Offer,
        *,
        problem: ServiceError | None = None,
        **values: object,
    ) -> Response:
        """Return a page that puts the question made by `offer`.

        Raises what the offer does, LimitReached and DatabaseUnavailable.
        """
        party = party_of(self._context, request)
        if isinstance(party, Elsewhere):
            return page("passkey_elsewhere.html", address=party.address)
        browser = await run_in_threadpool(self._binding.begin, request)
        options = await run_in_threadpool(
            self._context.write, request, lambda session: offer(session, party, browser)
        )
        response = page(
            template,
            UNPROCESSABLE if problem else 200,
            runs_script=True,
            options=options,
            problem=problem,
            **values,
        )
        self._binding.keep(request, response, browser)
        return response

    def receive(
        self, request: Request, purpose: Purpose, text: str
    ) -> tuple[RelyingParty, Answer]:
        """Use up the question that the text answers; return relying party and answer.

        Raises WrongAddress, PasskeyRefused and CeremonyOver.
        """
        party = party_of(self._context, request)
        if isinstance(party, Elsewhere):
            raise WrongAddress
        browser = self._binding.answer(request)
        answer = self._context.write(
            request,
            lambda session: passkey_answers.receive(session, purpose, browser, text),
        )
        return party, answer


def reason_of(refusal: ServiceError) -> str:
    """Return why an answer did not count, for the audit log."""
    if isinstance(refusal, PasskeyRefused):
        return refusal.why
    return "over" if isinstance(refusal, CeremonyOver) else "at a wrong address"
