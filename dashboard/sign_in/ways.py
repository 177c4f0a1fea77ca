"""The ways to sign in beside a code; a new one is listed here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.ui.language import gettext as _
from dashboard.web.page_scripts import SIGN_IN_PATH

PASSKEY_PATH: Final = f"{SIGN_IN_PATH}/passkey"
OPENID_PATH: Final = f"{SIGN_IN_PATH}/oidc"


@dataclass(frozen=True, slots=True)
class Way:
    """A page of ours that signs somebody in, and the label of its link."""

    path: str
    label: str


def ways(context: SignInContext) -> tuple[Way, ...]:
    """Return the ways that this server offers."""
    return tuple(way for offer in _OFFERS if (way := offer(context)) is not None)


def _passkey(context: SignInContext) -> Way:
    del context
    return Way(PASSKEY_PATH, _("Sign in with a passkey"))


def _account(context: SignInContext) -> Way | None:
    if context.settings.oidc_issuer is None:
        return None
    return Way(
        OPENID_PATH, _("Sign in with {label}").format(label=context.settings.oidc_label)
    )


# Each returns None if the settings do not allow it.
_OFFERS: Final[tuple[Callable[[SignInContext], Way | None], ...]] = (_passkey, _account)
