"""Connecting one's account at the clinic's identity provider, and disconnecting it."""

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.core.dependencies import SESSION
from dashboard.sign_in.html import go, page
from dashboard.sign_in.oidc.account import Account, Answer, reason_of
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.sign_in.signed_in import personal, to_proof
from dashboard.sign_in.ways import OPENID_PATH
from dashboard.ui.language import gettext as _, refusal_text
from dashboard.web.page_scripts import PASSKEYS_PATH
from services.core import audit
from services.core.audit import Action
from services.core.errors import (
    Conflict,
    NotAllowed,
    NotFound,
    ServiceError,
    Unavailable,
)
from services.people.sessions import LiveSession
from services.people.sign_in import confirmations, identities
from services.people.sign_in.ceremonies import CeremonyOver
from services.people.sign_in.confirmations import NotConfirmed

_CONNECT_PATH: Final = f"{OPENID_PATH}/connect"
_DISCONNECT_PATH: Final = f"{OPENID_PATH}/disconnect"
_CONFLICT: Final = 409


class Connecting:
    """What a person who is signed in can do with their account there."""

    def __init__(self, context: SignInContext, account: Account) -> None:
        self._context = context
        self._account = account

    def routes(self) -> list[BaseRoute]:
        """Return the routes that the page with one's own passkeys leads to."""
        return [
            Route(
                _CONNECT_PATH, personal(self._context, self.connect), methods=["POST"]
            ),
            Route(
                _DISCONNECT_PATH,
                personal(self._context, self.disconnect),
                methods=["POST"],
            ),
        ]

    async def connect(self, request: Request, live: LiveSession) -> Response:
        """Send the browser to the provider, to come back with an account."""
        try:
            await run_in_threadpool(
                self._context.write,
                request,
                lambda session: confirmations.require_proof(
                    session, live.actor, live.record.id
                ),
            )
            url, secret = await self._account.ask(
                request, PASSKEYS_PATH, user_id=live.actor.id
            )
        except NotConfirmed:
            return go(await to_proof(self._context, live, PASSKEYS_PATH))
        except (NotAllowed, Unavailable) as refusal:
            return await self._refuse(request, live, refusal)
        # Our policy lets no form, nor its answer, lead to another site; a page may.
        response = page(
            "openid_leaving.html", label=self._context.settings.oidc_label, address=url
        )
        response.headers["Refresh"] = f"0; url={url}"
        self._account.keep(request, response, secret)
        return response

    async def finish(self, request: Request, answer: Answer) -> Response:
        """Connect the account with which the browser came back."""
        live: LiveSession | None = request.scope.get(SESSION)
        if live is None or live.actor.id != answer.user_id:
            # Signed out since, or signed in as somebody else: the answer was not for
            # them.
            raise CeremonyOver
        try:
            await run_in_threadpool(
                self._account.write,
                request,
                lambda session: identities.connect(
                    session, live.actor, answer.claimed, session_id=live.record.id
                ),
            )
        except NotConfirmed:
            return go(await to_proof(self._context, live, PASSKEYS_PATH))
        except Conflict as refusal:
            return await self._refuse(request, live, refusal)
        return go(answer.next)

    async def disconnect(self, request: Request, live: LiveSession) -> Response:
        """Stop the account from signing this person in."""
        issuer = self._account.issuer
        try:
            await run_in_threadpool(
                self._account.write,
                request,
                lambda session: identities.disconnect(
                    session, live.actor, issuer, session_id=live.record.id
                ),
            )
        except NotConfirmed:
            return go(await to_proof(self._context, live, PASSKEYS_PATH))
        except NotFound:
            # Already done, in another tab; the page shows the current state.
            return go(PASSKEYS_PATH)
        return go(PASSKEYS_PATH)

    async def _refuse(
        self, request: Request, live: LiveSession, refusal: ServiceError
    ) -> Response:
        await run_in_threadpool(
            self._context.write,
            request,
            lambda session: audit.record(
                session,
                live.actor,
                Action.IDENTITY_LINK,
                subject=("user", live.actor.id),
                outcome="failed",
                details={"issuer": self._account.issuer, "why": reason_of(refusal)},
            ),
        )
        return page(
            "message.html",
            _CONFLICT,
            title=_("Nothing was connected"),
            sentence=refusal_text(refusal),
            way_on=PASSKEYS_PATH,
            way_on_words=_("Go back"),
        )
