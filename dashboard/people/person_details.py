"""The person that a page's address names, and the facts of their sign-in."""

from collections.abc import Mapping
from typing import Final, Literal
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read
from dashboard.ui.language import gettext as _, marked, ngettext
from dashboard.ui.words import at, plain, role_label, unlinked
from services.core.errors import NotFound
from services.people import accounts
from services.people.accounts import AccountStatus, Person

Color = Literal["green", "blue", "gray"]
_BADGES: Final[Mapping[AccountStatus, tuple[str, str, Color]]] = {
    AccountStatus.ACTIVE: (marked("Active"), ":material/check_circle:", "green"),
    AccountStatus.INVITED: (
        marked("Invited, not signed in yet"),
        ":material/mail:",
        "blue",
    ),
    AccountStatus.DEACTIVATED: (marked("Deactivated"), ":material/block:", "gray"),
}


def person_details(person: Person) -> None:
    """Show role and account status first, then how and since when they sign in."""
    label, icon, color = _BADGES[person.standing]
    with st.container(horizontal=True):
        st.badge(role_label(person.role), icon=":material/badge:", color="gray")
        st.badge(_(label), icon=icon, color=color)
        if person.is_demo:
            st.badge(_("Demo"), icon=":material/science:", color="orange")
    facts = [
        unlinked(person.email),
        plain(person.phone_number or _("no phone number")),
        _passkeys(person.passkeys),
        _("last here {time}").format(time=at(person.last_seen_at))
        if person.last_seen_at
        else _("never here"),
        _("added {time}").format(time=at(person.created_at)),
    ]
    st.caption(" · ".join(facts))


def _passkeys(number: int) -> str:
    if not number:
        return _("no passkeys")
    return ngettext("{number} passkey", "{number} passkeys", number).format(
        number=number
    )


def chosen_person() -> Person:
    """Return the person named in the address, or raise NotFound."""
    try:
        user_id = UUID(st.query_params.get("user", ""))
    except ValueError as error:
        raise NotFound(
            _("No person matches this address. Open the person from the list.")
        ) from error
    actor = current_actor()
    return read(lambda session: accounts.get_person(session, actor, user_id))
