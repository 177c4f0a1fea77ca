"""Shows on pages what needs a passkey, and leads to adding or using one."""

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, current_sign_in, read
from dashboard.navigation import leave_for
from dashboard.ui.language import gettext as _
from dashboard.web.page_scripts import CONFIRM_PATH, PASSKEYS_PATH
from services.people.sign_in import confirmations, passkeys

_SECONDS = 5
_CONFIRMED = "confirming_let_on"
_LEAVE = "confirming_leave"


def ask_for_passkey(purpose: str, *, key: str = _LEAVE) -> bool:
    """Return whether a passkey was used just now; offer to use one if not.

    `purpose` is what the passkey is needed for, such as "Changing people's roles". A
    page with two purposes gives one of them a key of its own.

    Put the question above the form. It does not enforce anything; the services do, see
    services.people.sign_in.confirmations.
    """
    actor, sign_in = current_actor(), current_sign_in()
    # From the primary if possible: a replica may not know it yet.
    is_fresh = wiring.current().database.read_newest(
        lambda session: confirmations.is_fresh(session, actor, sign_in),
        identity=actor.database_identity,
    )
    if is_fresh.value:
        return True
    _lead(
        _("{purpose} needs a passkey that was used in the last five minutes.").format(
            purpose=purpose
        ),
        _("Confirm with a passkey"),
        CONFIRM_PATH,
        key,
    )
    return False


def has_confirmed(purpose: str, *, key: str = _LEAVE) -> bool:
    """Return whether to draw a form that needs a passkey; ask for the passkey if not.

    Nobody fills in what they could not send yet. Once drawn in this tab, the form
    stays: a confirmation that expires meanwhile must not take away what was typed.
    """
    if ask_for_passkey(purpose, key=key):
        st.session_state[_CONFIRMED] = True
    return bool(st.session_state.get(_CONFIRMED))


def require_passkey(purpose: str) -> None:
    """Stop drawing the page until a passkey was used, as `has_confirmed` says."""
    if not has_confirmed(purpose):
        st.stop()


def suggest_passkey() -> None:
    """Offer to add a passkey to people who have none, before they need one."""
    actor = current_actor()
    has_any = read(
        lambda session: passkeys.has_any(session, actor),
        keep=("passkeys", actor.id),
        seconds=_SECONDS,
    )
    if not has_any:
        _lead(
            _("You have no passkey yet. Changing people, roles and tokens needs one."),
            _("Add a passkey"),
            PASSKEYS_PATH,
            _LEAVE,
        )


def _lead(sentence: str, label: str, path: str, key: str) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(sentence, width="stretch")
        if st.button(label, key=key, icon=":material/passkey:"):
            leave_for(path)
