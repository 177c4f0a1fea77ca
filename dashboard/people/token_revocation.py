"""Asks before a token is revoked."""

import streamlit as st

from dashboard.context import current_actor, write
from dashboard.ui.dialogs import confirmed
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.people import tokens
from services.people.tokens import Token


@st.dialog("Revoke this token?", icon=":material/key_off:")
def confirm_revoking(token: Token) -> None:
    """Name the token, and say that it cannot be undone."""
    with error_boundary():
        st.markdown(
            f"Whatever uses **{plain(token.name)}** is refused at once. This cannot be "
            "undone; a new token can be made."
        )
        if confirmed("Revoke token", key="token_revoke_confirm", is_final=True):
            actor = current_actor()
            write(lambda s: tokens.revoke(s, actor, token.id))
            notify(f"{token.name} is revoked.", icon="key_off")
            st.rerun()
