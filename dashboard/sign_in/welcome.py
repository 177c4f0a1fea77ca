"""The link in an invitation: it shows who is invited, and lets them in once."""

from typing import Final

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from api.core.origins import network_of
from dashboard.sign_in.account_emails import WELCOME_PATH
from dashboard.sign_in.forms import is_own_form
from dashboard.sign_in.html import go, page, refused
from dashboard.sign_in.limiting import answered
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.ui.language import gettext as _, marked
from db.postgres import ANONYMOUS
from services.core import throttling
from services.core.actors import Role
from services.people.accounts import invitations
from services.people.accounts.invitations import Invitee
from services.people.sessions import NewSession

_GONE: Final = 410
_HOME: Final = "/"
_ADD_PASSKEY: Final = "/sign-in/passkeys?next=/"
_USED: Final = marked(
    "It works once, within three days. If you have used it before, sign in with your "
    "e-mail address; otherwise ask the person who invited you for a new one."
)


def routes(context: SignInContext) -> list[BaseRoute]:
    """Return the page behind the link, and the route of its button.

    Opening it changes nothing: mail programs open links before their readers do.
    """
    welcome = _Welcome(context)
    path = f"{WELCOME_PATH}/{{token}}"
    return [
        Route(path, answered(context, welcome.show), methods=["GET"]),
        Route(path, answered(context, welcome.enter), methods=["POST"]),
    ]


class _Welcome:
    def __init__(self, context: SignInContext) -> None:
        self._context = context

    async def show(self, request: Request) -> Response:
        """Greet the person the link is for."""
        guest = await run_in_threadpool(self._find, request)
        return _gone() if guest is None else page("welcome.html", guest=guest)

    async def enter(self, request: Request) -> Response:
        """Use the link up and sign its person in."""
        if not is_own_form(request.headers):
            return refused()
        guest, started = await run_in_threadpool(self._accept, request)
        if guest is None or started is None:
            return _gone()
        # Staff are offered a quicker and safer way for the next time.
        is_patient = guest.role is Role.PATIENT
        response = go(_HOME if is_patient else _ADD_PASSKEY)
        self._context.identity.remember(request, response, started)
        return response

    def _find(self, request: Request) -> Invitee | None:
        token = self._token(request)
        # A link is often followed within the second in which it was made.
        return self._context.database.read_latest(
            lambda session: invitations.find(session, token), identity=ANONYMOUS
        ).value

    def _accept(self, request: Request) -> tuple[Invitee | None, NewSession | None]:
        token = self._token(request)

        def accept(session: Session) -> tuple[Invitee | None, NewSession | None]:
            guest = invitations.accept(session, token)
            if guest is None:
                return None, None
            return guest, self._context.identity.start(
                session, request, guest.user_id, method=invitations.METHOD
            )

        return self._context.write(request, accept)

    def _token(self, request: Request) -> str:
        """Return the link's secret; raises LimitReached."""
        limit = throttling.LINKS_PER_NETWORK
        self._context.throttle.take(limit, network_of(request))
        token: str = request.path_params["token"]
        return token


def _gone() -> Response:
    return page(
        "message.html", _GONE, title=_("This link does not work"), sentence=_USED
    )
