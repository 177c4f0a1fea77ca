"""The page on which a patient lets an app read their record, or refuses."""

from typing import Final
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth2.rfc6749 import OAuth2Error
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.core.dependencies import SESSION
from api.core.origins import network_of
from api.core.outcomes import NOT_STORED
from api.fhir.apps.authorization import (
    AUTHORIZE_PATH,
    AppAuthorization,
    ConsentRequest,
    OAuthAnswer,
    Pairs,
)
from dashboard.people.patient_apps.own_types import own_words
from dashboard.sign_in.forms import is_own_form, read_form
from dashboard.sign_in.html import form_leading_to, go, page, refused
from dashboard.sign_in.limiting import answered
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.sign_in.signed_in import to_sign_in
from dashboard.ui.language import gettext as _
from dashboard.web.public_address import public_address
from dashboard.web.sessions.identity import origin_of
from db.postgres import ANONYMOUS
from services.core import audit, throttling
from services.core.actors import Actor, Permission
from services.people.patient_apps import TOKEN_LIFETIME
from services.people.sessions import LiveSession
from services.people.sessions.requiring import SignInEnded

_BAD_REQUEST: Final = 400
_FORBIDDEN: Final = 403
# The request is carried through signing in, where a cookie keeps it.
_LONGEST_QUERY: Final = 2_000
_ALLOW: Final = "allow"
_OF_THE_WEB: Final = ("https", "http")


def routes(context: SignInContext) -> list[BaseRoute]:
    """Return the page that asks, and its two buttons.

    The request is in the address, as in OAuth 2.0, and is checked again when a button
    is pressed. Browsers are sent to registered addresses only.
    """
    consent = _Consent(context)
    return [
        Route(AUTHORIZE_PATH, answered(context, consent.show), methods=["GET"]),
        Route(AUTHORIZE_PATH, answered(context, consent.decide), methods=["POST"]),
    ]


class _Consent:
    def __init__(self, context: SignInContext) -> None:
        self._context = context
        self._address = public_address(context.settings)

    async def show(self, request: Request) -> Response:
        """Ask the patient who is signed in; others sign in first."""
        consent = await run_in_threadpool(self._ask, request)
        if not isinstance(consent, ConsentRequest):
            return _led_back(consent)
        live: LiveSession | None = request.scope.get(SESSION)
        if live is None:
            return go(to_sign_in(_here(request)))
        may_allow = _may_allow(live.actor)
        asking = page(
            "app_consent.html",
            200 if may_allow else _FORBIDDEN,
            app=consent.app.name,
            clinic=self._context.settings.clinic_name,
            name=live.actor.name,
            asked=live.actor.id,
            may_allow=may_allow,
            reads=own_words(consent.scopes.granted),
            back_to=urlsplit(consent.redirect_uri).hostname or "",
            minutes=int(TOKEN_LIFETIME.total_seconds() // 60),
            somebody_else=to_sign_in(_here(request)),
        )
        return _leading_to_own_scheme(consent.redirect_uri, asking)

    async def decide(self, request: Request) -> Response:
        """Return to the app, with a code if the patient allows it."""
        if not is_own_form(request.headers):
            return refused()
        live: LiveSession | None = request.scope.get(SESSION)
        if live is None:
            return go(to_sign_in(_here(request)))
        form = await read_form(request) or {}
        allows = form.get("decision") == _ALLOW
        # Somebody else may have signed in since, in another tab: only the person asked
        # decides.
        is_for_actor = form.get("asked") == str(live.actor.id)
        if allows and not (is_for_actor and _may_allow(live.actor)):
            return await self.show(request)
        try:
            answer = await run_in_threadpool(
                self._decide, request, live if allows else None
            )
        except SignInEnded:
            # It was ended elsewhere, and this server has not noticed yet.
            return go(to_sign_in(_here(request)))
        return _sent_on(answer) or _led_back(answer)

    def _ask(self, request: Request) -> ConsentRequest | OAuthAnswer | OAuth2Error:
        self._count(request)
        pairs = _pairs(request)
        # An app is often tried within the second in which it was registered.
        return self._context.database.read_latest(
            lambda session: _or_error(session, self._address, pairs),
            identity=ANONYMOUS,
        ).value

    def _decide(
        self, request: Request, allowing: LiveSession | None
    ) -> OAuthAnswer | OAuth2Error:
        self._count(request)
        pairs = _pairs(request)
        patient = allowing.actor if allowing else None
        session_id = allowing.record.id if allowing else None

        def decide(session: Session) -> OAuthAnswer | OAuth2Error:
            try:
                with audit.with_origin(origin_of(request)):
                    return AppAuthorization(session, self._address).decide(
                        pairs, patient, session_id
                    )
            except OAuth2Error as error:
                return error

        identity = patient.database_identity if patient else ANONYMOUS
        return self._context.database.write(decide, identity=identity).value

    def _count(self, request: Request) -> None:
        """Count a request; raises LimitReached."""
        limit = throttling.LINKS_PER_NETWORK
        self._context.throttle.take(limit, network_of(request))


def _or_error(
    session: Session, address: str, pairs: Pairs
) -> ConsentRequest | OAuthAnswer | OAuth2Error:
    try:
        return AppAuthorization(session, address).ask(pairs)
    except OAuth2Error as error:
        return error


def _pairs(request: Request) -> Pairs:
    query = request.url.query
    if len(query) > _LONGEST_QUERY:
        return []
    return parse_qsl(query, keep_blank_values=True)


def _here(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}"


def _may_allow(actor: Actor) -> bool:
    return actor.may(Permission.ALLOW_APPS) and actor.patient_id is not None


def _leading_to_own_scheme(address: str, asking: Response) -> Response:
    """Let the page's form lead to an app on a phone, which a scheme opens."""
    scheme = urlsplit(address).scheme
    return asking if scheme in _OF_THE_WEB else form_leading_to(f"{scheme}:", asking)


def _sent_on(answer: OAuthAnswer | OAuth2Error) -> Response | None:
    """Return a page that leads on to an app's site; None if the app has no site.

    A form's policy must name the target of the form's answer, and the target of that
    one's redirect as well (CSP 3, form-action): apps that redirect their callback to
    another host would be stopped there, with the code used up. A page's own redirect is
    not subject to it.
    """
    address = answer.location if isinstance(answer, OAuthAnswer) else None
    if address is None or urlsplit(address).scheme not in _OF_THE_WEB:
        return None
    back_to = urlsplit(address).hostname or ""
    return page("app_leaving.html", address=address, back_to=back_to)


def _led_back(answer: OAuthAnswer | OAuth2Error) -> Response:
    if isinstance(answer, OAuthAnswer) and answer.location is not None:
        response = go(answer.location)
        response.headers.update(NOT_STORED)
        return response
    return page(
        "message.html",
        _BAD_REQUEST,
        title=_("This app cannot be let in"),
        sentence=_(
            "Its request is incomplete, or the clinic does not know the app. Nothing "
            "was shared with it. Tell the app's makers, or ask the clinic."
        ),
        way_on="/",
        way_on_words=_("Go to Home"),
    )
