"""The person that a page's address names, and what is known of their sign-in."""

from collections.abc import Mapping
from typing import Final, Literal
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read
from dashboard.ui.words import at, plain, unlinked
from services.core.errors import NotFound
from services.people import accounts
from services.people.accounts import AccountStatus, Person

Color = Literal["green", "blue", "gray"]
_BADGES: Final[Mapping[AccountStatus, tuple[str, str, Color]]] = {
    AccountStatus.ACTIVE: ("Active", ":material/check_circle:", "green"),
    AccountStatus.INVITED: ("Invited, has not come yet", ":material/mail:", "blue"),
    AccountStatus.DEACTIVATED: ("Deactivated", ":material/block:", "gray"),
}


def person_details(person: Person) -> None:
    """Show role and standing first, then how and since when they sign in."""
    label, icon, color = _BADGES[person.standing]
    with st.container(horizontal=True):
        st.badge(person.role.capitalize(), icon=":material/badge:", color="gray")
        st.badge(label, icon=icon, color=color)
        if person.is_demo:
            st.badge("Demo", icon=":material/science:", color="orange")
    facts = [
        unlinked(person.email),
        plain(person.phone_number or "no phone number"),
        f"{person.passkeys or 'no'} passkey{'' if person.passkeys == 1 else 's'}",
        f"last here {at(person.last_seen_at)}" if person.last_seen_at else "never here",
        f"added {at(person.created_at)}",
    ]
    st.caption(" · ".join(facts))


def chosen_person(parameter: str = "user") -> Person:
    """Return the person named in the address, or raise NotFound."""
    try:
        user_id = UUID(st.query_params.get(parameter, ""))
    except ValueError as error:
        raise NotFound(
            "This address names nobody. Find the person in the list first."
        ) from error
    actor = current_actor()
    return read(lambda session: accounts.get_person(session, actor, user_id))
