"""What is known of somebody's sign-in, to be read."""

from collections.abc import Mapping
from typing import Final, Literal

import streamlit as st

from dashboard.ui.words import at, plain, unlinked
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
