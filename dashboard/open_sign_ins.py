"""Where a person is signed in now, for an administrator who may end it."""

from functools import partial

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.net import net
from dashboard.widgets.notices import notify
from dashboard.widgets.words import at, plain
from services import sessions
from services.people import Person

_METHODS = {
    "code": "a code by e-mail",
    "passkey": "a passkey",
    "oidc": "the clinic's account",
    "invitation": "an invitation",
    "demo": "the demo",
}


def open_sign_ins(person: Person) -> None:
    """List the sign-ins that hold; each can be ended, or all at once."""
    actor = current_actor()
    with net():
        found = read(lambda s: sessions.list_sessions(s, actor, person.id))
        st.subheader("Signed in now", anchor=False)
        if not found:
            st.caption("Nowhere.")
            return
        for record in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f"{plain(record.browser or 'Unknown browser')}, "
                    f"{plain(record.network or 'unknown network')}  \n"
                    f":small[with {_METHODS.get(record.method, record.method)} since "
                    f"{at(record.created_at)}, last input {at(record.last_seen_at)}]",
                    width="stretch",
                )
                if st.button("End", key=f"user_end_{record.id}"):
                    write(partial(sessions.end, actor=actor, session_id=record.id))
                    notify("That sign-in has ended.")
                    st.rerun()
        if st.button("End all", key="user_end_all", icon=":material/logout:"):
            write(lambda s: sessions.end_all(s, actor, person.id))
            notify(f"{person.name} is signed out everywhere.")
            st.rerun()
