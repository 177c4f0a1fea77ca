"""The addresses for people not signed in, of all modules with a `routes(context)`.

A module of its own, so that pages that send e-mails load none of this.
"""

from collections.abc import Callable
from itertools import chain
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from dashboard.sign_in import app_consent, booking, leaving, shared, welcome
from dashboard.sign_in.codes import answering, asking
from dashboard.sign_in.oidc import oidc_routes
from dashboard.sign_in.passkeys import confirm, own_passkeys, passkey
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.web.languages import LanguageMiddleware
from dashboard.web.page_scripts import SIGN_IN_PATH, SIGN_OUT_PATH
from services.documents.sharing.links import SHARED_PATH

# Where people may go who have not signed in yet, with everything below.
PATHS: Final = (
    SIGN_IN_PATH,
    SIGN_OUT_PATH,
    "/welcome",
    SHARED_PATH,
    booking.BOOKING_PATH,
)

_TABLES: Final[tuple[Callable[[SignInContext], list[BaseRoute]], ...]] = (
    asking.routes,
    answering.routes,
    leaving.routes,
    passkey.routes,
    own_passkeys.routes,
    confirm.routes,
    oidc_routes.routes,
    welcome.routes,
    shared.routes,
    app_consent.routes,
    booking.routes,
)


def create_sign_in(context: SignInContext) -> Starlette:
    """Return the app that answers everything below PATHS."""
    routes = list(chain.from_iterable(t(context) for t in _TABLES))
    speaking = Middleware(LanguageMiddleware, usual=context.settings.language)
    return Starlette(routes=routes, middleware=[speaking])


def serves(path: str) -> bool:
    """Return whether the path belongs to one of these pages."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in PATHS)
