"""Everybody with a sign-in: found by name, address or role, and opened."""

import streamlit as st

from dashboard.context import current_actor, freshness, read
from dashboard.navigation import go
from dashboard.people.people_table import people_table
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.page_header import page_header
from dashboard.ui.words import role_label
from services.core.actors import Role
from services.people import accounts

_MOST = 50
_EVERYBODY = marked("All roles")

actor = current_actor()
with page_header(_("People")):
    if st.button(
        _("Invite a colleague"),
        type="primary",
        key="users_invite",
        icon=":material/person_add:",
    ):
        go("people/invite.py")
st.caption(
    _(
        "Everyone who signs in. Patients are invited from their record; programs are "
        "on the page Tokens."
    )
)
with st.container(horizontal=True):
    search = st.text_input(
        _("Search people"),
        key="users_search",
        type="search",
        placeholder=_("Name or e-mail"),
        icon=":material/search:",
        label_visibility="collapsed",
        autocomplete="off",
    )
    role = st.selectbox(
        _("Role"),
        (_EVERYBODY, *Role),
        key="users_role",
        format_func=role_label,
        label_visibility="collapsed",
        width=180,
    )
roles = () if role == _EVERYBODY else (Role(role),)
people = read(
    lambda s: accounts.list_people(
        s, actor, search=search or "", roles=roles, limit=_MOST
    )
)
if people:
    event = people_table(people)
    if event.opened:
        go("people/user.py", user=event.opened)
    if len(people) == _MOST:
        st.caption(
            _("The first {number} by name. Search to see others.").format(number=_MOST)
        )
else:
    empty_state(_("Nobody matches. Check the spelling or the role."), icon="search_off")
if st.button(_("What each role may do"), key="users_roles", type="tertiary"):
    go("people/roles.py")
st.caption(freshness())
