"""Signing in with the clinic's own identity provider, by OpenID Connect."""

from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard.sign_in.forms import safe_next
from dashboard.sign_in.html import go, page
from dashboard.sign_in.limiting import answered
from dashboard.sign_in.oidc.account import BACK_PATH, Account, Answer, reason_of
from dashboard.sign_in.oidc.connecting import Connecting
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.sign_in.ways import OPENID_PATH
from dashboard.ui.language import gettext as _, refusal_text
from services.core.errors import Conflict, NotAllowed, ServiceError, Unavailable
from services.people.sign_in import identities

_SEE_OTHER: Final = 303
_FORBIDDEN: Final = 403
_UNAVAILABLE: Final = 503
_REFUSALS: Final = (Conflict, NotAllowed, Unavailable)


def routes(context: SignInContext) -> list[BaseRoute]:
    """Return the routes to the provider and back; none without a provider."""
    account = Account.of(context)
    if account is None:
        return []
    connecting = Connecting(context, account)
    way_in = _WayIn(context, account, connecting)
    return [
        Route(OPENID_PATH, answered(context, way_in.leave), methods=["GET"]),
        Route(BACK_PATH, answered(context, way_in.come_back), methods=["GET"]),
        *connecting.routes(),
    ]


class _WayIn:
    def __init__(
        self, context: SignInContext, account: Account, connecting: Connecting
    ) -> None:
        self._context = context
        self._account = account
        self._connecting = connecting

    async def leave(self, request: Request) -> Response:
        """Send the browser to the provider."""
        if not self._account.is_here(request):
            here = self._context.settings.public_url
            return go(f"{here}{OPENID_PATH}?{request.url.query}")
        way_on = safe_next(request.query_params.get("next"))
        try:
            url, secret = await self._account.ask(request, way_on)
        except _REFUSALS as refusal:
            return await self._refuse(request, refusal)
        response = RedirectResponse(url, _SEE_OTHER)
        self._account.keep(request, response, secret)
        return response

    async def come_back(self, request: Request) -> Response:
        """Handle the provider's answer, whatever it was asked for."""
        try:
            answer = await self._account.receive(request)
            if answer.user_id is not None:
                return await self._connecting.finish(request, answer)
            return await self._let_in(request, answer)
        except _REFUSALS as refusal:
            return await self._refuse(request, refusal)

    async def _let_in(self, request: Request, answer: Answer) -> Response:
        try:
            actor = await run_in_threadpool(
                self._account.write,
                request,
                lambda session: identities.sign_in(session, answer.claimed),
            )
        except identities.RoleWithdrawn:
            await run_in_threadpool(
                self._account.write,
                request,
                lambda session: identities.end_access(session, answer.claimed),
            )
            raise
        response = go(answer.next)
        await self._context.identity.sign_in(request, response, actor.id, method="oidc")
        return response

    async def _refuse(self, request: Request, refusal: ServiceError) -> Response:
        await run_in_threadpool(
            self._context.record_refusal,
            request,
            "oidc",
            reason_of(refusal),
            ("user", getattr(refusal, "user_id", None)),
        )
        return page(
            "message.html",
            _UNAVAILABLE if isinstance(refusal, Unavailable) else _FORBIDDEN,
            title=_("You were not signed in"),
            sentence=refusal_text(refusal),
        )
