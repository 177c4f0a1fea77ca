"""A person's own API tokens: made, seen and revoked."""

from functools import partial

import streamlit as st

from dashboard.context import current_actor, current_sign_in, read, write
from dashboard.people.passkey_confirmation import ask_for_passkey
from dashboard.people.token_form import show_token, token_form
from dashboard.people.token_list import token_list
from dashboard.people.token_revocation import confirm_revoking
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from services.people import tokens
from services.people.sign_in import passkeys

actor = current_actor()
page_header(_("My tokens"))
st.caption(
    _(
        "With a token, a program of yours uses the API in your name: the audit log "
        "records what it does as done by you. It can do what you choose, and never "
        "more than you can."
    )
)
if read(lambda s: passkeys.has_any(s, actor)):
    ask_for_passkey(_("Creating a token"))
else:
    st.caption(
        _(
            "You have no passkey yet: you can create a token only in the first five "
            "minutes after signing in."
        )
    )
token_request = token_form("my_tokens", tokens.scopes_of(actor.role))
if token_request:
    make = partial(
        tokens.issue_own,
        actor=actor,
        name=token_request.name,
        scopes=token_request.scopes,
        lifetime=token_request.lifetime,
        session_id=current_sign_in(),
    )
    show_token(write(make))
known = read(lambda s: tokens.list_own(s, actor))
chosen = token_list("my_tokens", [token for token in known if token.is_live])
if chosen:
    confirm_revoking(chosen)
