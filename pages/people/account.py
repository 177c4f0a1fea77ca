"""The signed-in person: how to sign out, and what their role lets them do."""

import streamlit as st

from dashboard.context import current_actor
from dashboard.navigation import go, leave_for
from dashboard.people.open_sign_ins import my_sign_ins
from dashboard.people.patient_apps.my_apps import my_apps
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from dashboard.ui.words import plain
from services.core.actors import PERMISSIONS, Permission

actor = current_actor()
with page_header(plain(actor.name)):
    if st.button(_("Sign out"), key="account_sign_out", icon=":material/logout:"):
        leave_for("/sign-out")
st.markdown(_("Your role is **{role}**.").format(role=_(actor.role)))
with st.container(horizontal=True):
    if st.button(_("My passkeys"), key="account_passkeys", icon=":material/passkey:"):
        leave_for("/sign-in/passkeys")
    if actor.may(Permission.OWN_TOKENS) and st.button(
        _("My tokens"), key="account_tokens"
    ):
        go("people/my_tokens.py")
    if st.button(_("Continue as somebody else"), key="account_switch"):
        leave_for("/sign-in")
    if st.button(_("User guide"), key="account_guide", icon=":material/help:"):
        go("help.py")
my_sign_ins()
my_apps()
with st.expander(_("What your role lets you do")):
    st.markdown(
        "\n".join(f"- {may}" for may in sorted(map(_, PERMISSIONS[actor.role])))
    )
    if st.button(_("What every role may do"), key="account_roles"):
        go("people/roles.py")
