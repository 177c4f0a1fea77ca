"""Signing in with the clinic's own identity provider, and connecting an account."""

from collections.abc import Callable
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from api.dependencies import SESSION
from dashboard.identity import origin_of
from dashboard.leaving import PASSKEYS_PATH, SIGN_IN_PATH
from dashboard.sign_in.account import BACK_PATH, Account, Answer, NotGranted
from dashboard.sign_in.door import Door
from dashboard.sign_in.forms import safe_next
from dashboard.sign_in.html import go, page
from dashboard.sign_in.limiting import answered
from dashboard.sign_in.provider import ProviderAway, ProviderRefused
from dashboard.sign_in.signed_in import personal, to_proof
from dashboard.sign_in.ways import OPENID_PATH
from db.routing import SYSTEM
from services import audit, confirmations, identities
from services.audit import Action
from services.ceremonies import CeremonyOver
from services.confirmations import NotConfirmed
from services.errors import NotFound, ServiceError
from services.identities import IdentityRefused, IdentityTaken
from services.sessions import Live

_CONNECT_PATH: Final = f"{OPENID_PATH}/connect"
_DISCONNECT_PATH: Final = f"{OPENID_PATH}/disconnect"
_SEE_OTHER: Final = 303
_FORBIDDEN: Final = 403
_UNAVAILABLE: Final = 503
_REFUSALS: Final = (
    CeremonyOver,
    IdentityRefused,
    IdentityTaken,
    NotGranted,
    ProviderAway,
    ProviderRefused,
)
T = TypeVar("T")


def routes(door: Door) -> list[BaseRoute]:
    """Return the ways to the provider and back; none without a provider."""
    account = Account.of(door)
    if account is None:
        return []
    way = _Way(door, account)
    return [
        Route(OPENID_PATH, answered(door, way.leave), methods=["GET"]),
        Route(BACK_PATH, answered(door, way.come_back), methods=["GET"]),
        Route(_CONNECT_PATH, personal(door, way.connect), methods=["POST"]),
        Route(_DISCONNECT_PATH, personal(door, way.disconnect), methods=["POST"]),
    ]


class _Way:
    def __init__(self, door: Door, account: Account) -> None:
        self._door = door
        self._account = account

    async def leave(self, request: Request) -> Response:
        """Send the browser to the provider."""
        if not self._account.is_here(request):
            here = self._door.settings.public_url
            return go(f"{here}{OPENID_PATH}?{request.url.query}")
        way_on = safe_next(request.query_params.get("next"))
        try:
            url, secret = await self._account.ask(request, way_on)
        except (ProviderAway, ProviderRefused) as refusal:
            return await self._refuse(request, refusal)
        response = RedirectResponse(url, _SEE_OTHER)
        self._account.keep(request, response, secret)
        return response

    async def connect(self, request: Request, live: Live) -> Response:
        """Send the browser to the provider, to connect an account of this person."""
        try:
            await run_in_threadpool(
                self._door.write,
                request,
                lambda session: confirmations.require_proof(
                    session, live.actor, live.record.id
                ),
            )
            url, secret = await self._account.ask(
                request, PASSKEYS_PATH, asked=live.actor.id
            )
        except NotConfirmed:
            return go(await to_proof(self._door, live, PASSKEYS_PATH))
        except (ProviderAway, ProviderRefused) as refusal:
            return await self._refuse(request, refusal)
        # Our policy lets no form lead to another site, nor its answer: a page may.
        response = page(
            "openid_leaving.html", label=self._door.settings.oidc_label, address=url
        )
        response.headers["Refresh"] = f"0; url={url}"
        self._account.keep(request, response, secret)
        return response

    async def disconnect(self, request: Request, live: Live) -> Response:
        """Let the account sign this person in no more."""

        def disconnect(session: Session) -> None:
            identities.disconnect(
                session,
                live.actor,
                self._account.issuer,
                session_id=live.record.id,
            )

        try:
            await run_in_threadpool(self._write, request, disconnect)
        except NotConfirmed:
            return go(await to_proof(self._door, live, PASSKEYS_PATH))
        except NotFound as refusal:
            return await self._refuse(request, refusal)
        return go(PASSKEYS_PATH)

    async def come_back(self, request: Request) -> Response:
        """Let in whom the provider names, or connect their account."""
        try:
            answer = await self._account.receive(request)
            if answer.asked is not None:
                await run_in_threadpool(self._connect, request, answer)
                return go(answer.next)
            actor = await run_in_threadpool(
                self._write,
                request,
                lambda session: identities.sign_in(session, answer.claimed),
            )
        except NotConfirmed:
            return go(PASSKEYS_PATH)
        except _REFUSALS as refusal:
            return await self._refuse(request, refusal)
        response = go(answer.next)
        await self._door.identity.sign_in(request, response, actor.id, method="oidc")
        return response

    def _connect(self, request: Request, answer: Answer) -> None:
        live: Live | None = request.scope.get(SESSION)
        if live is None or live.actor.id != answer.asked:
            # Signed out meanwhile, or as somebody else: this was not for them.
            raise CeremonyOver
        self._write(
            request,
            lambda session: identities.connect(
                session, live.actor, answer.claimed, session_id=live.record.id
            ),
        )

    def _write(self, request: Request, operation: Callable[[Session], T]) -> T:
        """Run a transaction that may make people: nobody at the door may."""

        def recorded(session: Session) -> T:
            with audit.coming_from(origin_of(request)):
                return operation(session)

        return self._door.database.write(recorded, acting=SYSTEM).value

    async def _refuse(self, request: Request, refusal: ServiceError) -> Response:
        await run_in_threadpool(self._write_down, request, refusal)
        way_on = PASSKEYS_PATH if request.scope.get(SESSION) else SIGN_IN_PATH
        return page(
            "message.html",
            _UNAVAILABLE if isinstance(refusal, ProviderAway) else _FORBIDDEN,
            title="Nobody was signed in",
            sentence=str(refusal),
            way_on=way_on,
            way_on_words="Go back",
        )

    def _write_down(self, request: Request, refusal: ServiceError) -> None:
        user_id: UUID | None = getattr(refusal, "user_id", None)
        self._door.write(
            request,
            lambda session: audit.record(
                session,
                None,
                Action.SESSION_START,
                subject=("user", user_id) if user_id else None,
                outcome="failed",
                details={"method": "oidc", "why": _reason_of(refusal)},
            ),
        )


def _reason_of(refusal: ServiceError) -> str:
    why = getattr(refusal, "why", None)
    return why if isinstance(why, str) else type(refusal).__name__
