"""Tokens one below the other: whose, what for, how long, when last used."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from dashboard.people.token_form import scope_words
from dashboard.ui.language import gettext as _, lowered
from dashboard.ui.words import at, plain
from services.people.tokens import Token


def token_list(page: str, tokens: Sequence[Token]) -> Token | None:
    """Show the tokens; return the one to be revoked."""
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
            elif st.button(_("Revoke"), key=f"{page}_revoke_{token.id}"):
                chosen[token.id] = token
    return next(iter(chosen.values()), None)


def _facts(token: Token) -> str:
    who = (
        _("program with the role {role}").format(role=_(token.role))
        if token.is_program
        else token.owner
    )
    if token.resource_scopes and token.resource_scopes.context == "patient":
        who = _("app that {patient} has let in").format(patient=token.owner)
    elif token.resource_scopes:
        who = _("connected system with the role {role}").format(role=_(token.role))
    used = (
        _("last used {time}").format(time=at(token.last_used_at))
        if token.last_used_at
        else _("never used")
    )
    until = (
        _("until {time}").format(time=at(token.expires_at))
        if token.expires_at
        else _("no expiry")
    )
    made = _("created {time}").format(time=at(token.created_at))
    return f"{who} · {_scopes(token)} · {until} · {used} · {made}"


def _scopes(token: Token) -> str:
    if token.resource_scopes:
        return ", ".join(token.resource_scopes.texts)
    if token.scopes is None:
        return _("all that {role} can do").format(role=_(token.role))
    return ", ".join(lowered(scope_words(scope)) for scope in sorted(token.scopes))


def _ending(token: Token) -> str:
    return _("Revoked") if token.revoked_at else _("Expired")
