"""Sending a browser to the clinic's identity provider and receiving its answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from dashboard.sign_in.binding import Binding
from dashboard.sign_in.oidc.provider import Client, Provider, ProviderRefused
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.sign_in.ways import OPENID_PATH
from dashboard.web.sessions.identity import origin_of
from db.postgres import SYSTEM
from db.settings import Settings
from services.core import audit
from services.core.errors import NotAllowed, ServiceError
from services.people.sign_in import ceremonies, identities
from services.people.sign_in.ceremonies import Purpose
from services.people.sign_in.identities import IdentityClaims

BACK_PATH: Final = f"{OPENID_PATH}/back"
T = TypeVar("T")


class NotGranted(NotAllowed):
    """The person or their provider declined."""

    def __init__(self) -> None:
        super().__init__(
            "You did not finish there, so you were not signed in. Start again, or use "
            "another way."
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """Who came back, for whom they had left, and where to go on to."""

    claimed: IdentityClaims
    user_id: UUID | None
    next: str


class Account:
    """The clinic's identity provider, as our pages use it."""

    def __init__(self, context: SignInContext, provider: Provider) -> None:
        self._context = context
        self._provider = provider
        self._binding = Binding(context)

    @classmethod
    def of(cls, context: SignInContext) -> "Account | None":
        """Return the configured provider; None if there is none."""
        client = _client(context.settings)
        return None if client is None else cls(context, Provider(client))

    @property
    def issuer(self) -> str:
        """The issuer name of the provider."""
        return self._provider.client.issuer

    def is_here(self, request: Request) -> bool:
        """Return whether the browser uses the address that it will be sent back to.

        A cookie that it keeps under another name would not come back with it.
        """
        here = f"{request.url.scheme}://{request.headers.get('host', '')}".lower()
        return here == self._context.settings.public_url

    async def ask(
        self, request: Request, way_on: str, *, user_id: UUID | None = None
    ) -> tuple[str, str]:
        """Return where to send the browser, and the secret that it has to `keep`.

        With `user_id` the answer will connect that person's account. Raises
        ProviderAway, ProviderRefused and LimitReached.
        """
        secret = await run_in_threadpool(self._binding.begin, request)
        question = await self._provider.ask()
        await run_in_threadpool(
            self._context.write,
            request,
            lambda session: ceremonies.begin(
                session,
                Purpose.OPENID,
                secret,
                question.state.encode(),
                user_id=user_id,
                details={
                    "nonce": question.nonce,
                    "verifier": question.verifier,
                    "next": way_on,
                },
            ),
        )
        return question.url, secret

    def keep(self, request: Request, response: Response, secret: str) -> None:
        """Have the browser keep the secret that it must come back with."""
        self._binding.keep(request, response, secret)

    def write(self, request: Request, operation: Callable[[Session], T]) -> T:
        """Run a transaction that may create and change people: ANONYMOUS may not.

        It acts only on what the provider has answered.
        """

        def recorded(session: Session) -> T:
            with audit.with_origin(origin_of(request)):
                return operation(session)

        return self._context.database.write(recorded, identity=SYSTEM).value

    async def receive(self, request: Request) -> Answer:
        """Use our question up and return what the provider answers.

        Raises CeremonyOver, NotGranted, ProviderAway, ProviderRefused and
        IdentityRefused.
        """
        query = request.query_params
        secret = await run_in_threadpool(self._binding.answer, request)
        ceremony = await run_in_threadpool(
            self._context.write,
            request,
            lambda session: ceremonies.take(
                session, Purpose.OPENID, secret, query.get("state", "").encode()
            ),
        )
        # RFC 9207: an answer that another provider slipped in.
        if query.get("iss", self.issuer) != self.issuer:
            raise ProviderRefused("another issuer's answer")
        if not query.get("code"):
            raise NotGranted
        claims = await self._provider.redeem(
            query["code"],
            nonce=ceremony.details["nonce"],
            verifier=ceremony.details["verifier"],
        )
        claimed = identities.read_claims(
            self.issuer,
            claims,
            role_claim=self._context.settings.oidc_role_claim,
            roles=self._context.settings.oidc_roles,
        )
        return Answer(claimed, ceremony.user_id, ceremony.details["next"])


def reason_of(refusal: ServiceError) -> str:
    """Return the reason of a refusal, for the audit log."""
    why = getattr(refusal, "why", None)
    return why if isinstance(why, str) else type(refusal).__name__


def _client(settings: Settings) -> Client | None:
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    secret = settings.oidc_client_secret
    return Client(
        settings.oidc_issuer,
        settings.oidc_client_id,
        None if secret is None else secret.get_secret_value(),
        settings.oidc_scopes,
        f"{settings.public_url}{BACK_PATH}",
    )
