"""Signing in and out, and links: pages of our own, for whoever is not signed in.

Each module has a `routes(door)`; `create_sign_in` puts them together.
"""

from collections.abc import Callable
from itertools import chain
from typing import Final

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from api.shares import SHARED_PATH
from dashboard.leaving import SIGN_IN_PATH, SIGN_OUT_PATH
from dashboard.sign_in import (
    answering,
    asking,
    confirm,
    leaving,
    oidc,
    passkey,
    passkeys,
    shared,
    welcome,
)
from dashboard.sign_in.door import SignInContext

# Where somebody who has not signed in yet may go, with everything below.
PATHS: Final = (SIGN_IN_PATH, SIGN_OUT_PATH, "/welcome", SHARED_PATH)

_TABLES: Final[tuple[Callable[[SignInContext], list[BaseRoute]], ...]] = (
    asking.routes,
    answering.routes,
    leaving.routes,
    passkey.routes,
    passkeys.routes,
    confirm.routes,
    oidc.routes,
    welcome.routes,
    shared.routes,
)


def create_sign_in(door: SignInContext) -> Starlette:
    """Return everything that answers below PATHS."""
    return Starlette(routes=list(chain.from_iterable(t(door) for t in _TABLES)))


def serves(path: str) -> bool:
    """Tell whether the path belongs to one of these pages."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in PATHS)


__all__ = ["PATHS", "SignInContext", "create_sign_in", "serves"]
