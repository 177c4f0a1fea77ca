"""The fields of a new token, and the token itself, shown once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard.ui.language import gettext as _, marked
from services.core.actors import Scope

_LIFETIMES: Final = {
    marked("30 days"): timedelta(days=30),
    marked("90 days"): timedelta(days=90),
    marked("1 year"): timedelta(days=365),
}
_MEANINGS: Final = {
    Scope.READ_PATIENTS: marked("Read patients"),
    Scope.WRITE_PATIENTS: marked("Register and change patients"),
    Scope.EXPORT_PATIENTS: marked("Export patient lists"),
    Scope.READ_DOCUMENTS: marked("Read documents"),
    Scope.WRITE_DOCUMENTS: marked("File, change, share and delete documents"),
    Scope.READ_DOCTORS: marked("Read doctors"),
    Scope.WRITE_DOCTORS: marked("Change doctors and when they work"),
    Scope.READ_VISITS: marked("Read visits and prescriptions"),
    Scope.WRITE_VISITS: marked("Book, move and document visits, and prescribe"),
    Scope.READ_STATISTICS: marked("See how visits are booked"),
    Scope.READ_REPLICATION: marked("Monitor replication"),
    Scope.ACT_ON_REPLICATION: marked("Act on the database servers"),
    Scope.READ_AUDIT: marked("Read the audit log"),
    Scope.MANAGE_PEOPLE: marked("See people and tokens, and lock them out"),
}


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The wanted properties of a token."""

    name: str
    scopes: tuple[Scope, ...]
    lifetime: timedelta


def scope_words(scope: Scope) -> str:
    """Return what the scope allows, as text."""
    return _(_MEANINGS[scope])


def token_form(page: str, scopes: Sequence[Scope]) -> TokenRequest | None:
    """Ask what the token is for; return it once the form is sent."""
    with st.form(f"{page}_form"):
        name = st.text_input(
            _("Name"),
            key=f"{page}_name",
            placeholder=_("Letters to patients"),
            autocomplete="off",
        )
        chosen = st.multiselect(
            _("Scopes"),
            scopes,
            key=f"{page}_scopes",
            format_func=scope_words,
            placeholder=_("Choose"),
        )
        lifetime = st.selectbox(
            _("Valid for"), tuple(_LIFETIMES), key=f"{page}_lifetime", format_func=_
        )
        submitted = st.form_submit_button(
            _("Create token"), type="primary", key=f"{page}_make", icon=":material/key:"
        )
    if not submitted:
        return None
    return TokenRequest(name, tuple(chosen), _LIFETIMES[lifetime])


def show_token(token: str) -> None:
    """Show a new token, this once."""
    st.success(
        _(
            "Copy the token now: it is not stored and not shown again. Programs send "
            "it as a bearer token."
        ),
        icon=":material/key:",
    )
    st.code(token, language=None, wrap_lines=True)
