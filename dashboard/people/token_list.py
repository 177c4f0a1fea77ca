"""Tokens one below the other: whose, what for, how long, when last used."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from dashboard.people.token_form import scope_words
from dashboard.ui.words import at, plain
from services.people.tokens import Token


def token_list(page: str, tokens: Sequence[Token]) -> Token | None:
    """Show the tokens; return the one that shall be revoked."""
    chosen: dict[UUID, Token] = {}
    for token in tokens:
        with (
            st.container(border=True),
            st.container(horizontal=True, vertical_alignment="center"),
        ):
            with st.container(width="stretch", gap="xxsmall"):
                st.markdown(f"**{plain(token.name)}**")
                st.caption(plain(_facts(token)))
            if not token.is_live:
                st.badge(_ending(token), icon=":material/block:", color="gray")
            elif st.button("Revoke", key=f"{page}_revoke_{token.id}"):
                chosen[token.id] = token
    return next(iter(chosen.values()), None)


def _facts(token: Token) -> str:
    scopes = (
        f"all that {token.role} may"
        if token.scopes is None
        else ", ".join(scope_words(scope).lower() for scope in sorted(token.scopes))
    )
    who = f"program with the role {token.role}" if token.is_program else token.owner
    used = f"last used {at(token.last_used_at)}" if token.last_used_at else "never used"
    until = f"until {at(token.expires_at)}" if token.expires_at else "without end"
    return f"{who} · {scopes} · {until} · {used} · made {at(token.created_at)}"


def _ending(token: Token) -> str:
    return "Revoked" if token.revoked_at else "Expired"
