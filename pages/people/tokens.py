"""Everybody's API tokens: the programs' and the people's own."""

import streamlit as st

from dashboard.context import current_actor, freshness, read
from dashboard.navigation import go
from dashboard.people.token_list import token_list
from dashboard.people.token_revocation import confirm_revoking
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from services.people import tokens

actor = current_actor()
with page_header(_("Tokens")):
    if st.button(
        _("New token"), type="primary", key="tokens_new", icon=":material/key:"
    ):
        go("people/new_token.py")
st.caption(
    _(
        "Programs use the API with a token. Ended tokens are listed on request; the "
        "audit log shows what was done with them."
    )
)
shows_ended = st.toggle(_("Show ended tokens"), key="tokens_ended")
shown = [
    token
    for token in read(lambda s: tokens.list_tokens(s, actor))
    if token.is_live or shows_ended
]
if shown:
    chosen = token_list("tokens", shown)
    if chosen:
        confirm_revoking(chosen)
else:
    empty_state(_("No tokens yet. Create one for each program."), icon="key")
st.caption(freshness())
