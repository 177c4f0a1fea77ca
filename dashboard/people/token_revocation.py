"""Asks before a token is revoked."""

import streamlit as st

from dashboard.context import current_actor, write
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.people import tokens
from services.people.tokens import Token


@dialog(marked("Revoke this token?"), icon=":material/key_off:")
def confirm_revoking(token: Token) -> None:
    """Name the token, and say that it cannot be undone."""
    with error_boundary():
        st.markdown(
            _(
                "Programs that use **{name}** are refused at once. This cannot be "
                "undone; you can create a new token."
            ).format(name=plain(token.name))
        )
        if confirmed(_("Revoke token"), key="token_revoke_confirm", is_final=True):
            actor = current_actor()
            write(lambda s: tokens.revoke(s, actor, token.id))
            notify(
                _("{name} is revoked.").format(name=plain(token.name)), icon="key_off"
            )
            st.rerun()
