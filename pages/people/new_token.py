"""Make a token for a program: as whom it acts, what it may, how long."""

from functools import partial

import streamlit as st

from dashboard.context import current_actor, current_sign_in, write
from dashboard.navigation import go
from dashboard.people.passkey_confirmation import require_passkey
from dashboard.people.token_form import show_token, token_form
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from dashboard.ui.words import role_label
from services.people import accounts, tokens

actor = current_actor()
with page_header(_("New token for a program")):
    if st.button(_("All tokens"), key="new_token_back", type="tertiary"):
        go("people/tokens.py")
st.caption(_("Each program gets its own, so that the audit log can tell them apart."))
require_passkey(_("Creating a token for a program"))
role = st.selectbox(
    _("It acts as"),
    accounts.COLLEAGUES,
    key="new_token_role",
    format_func=role_label,
)
token_request = token_form("new_token", tokens.scopes_of(role))
if token_request:
    make = partial(
        tokens.issue_for_program,
        actor=actor,
        role=role,
        name=token_request.name,
        scopes=token_request.scopes,
        lifetime=token_request.lifetime,
        session_id=current_sign_in(),
    )
    show_token(write(make))
