"""Links to a document one below the other: whose, until when, how often opened."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from dashboard.ui.words import at, plain
from services.documents.sharing.shares import Share


def share_list(page: str, shares: Sequence[Share], now: datetime) -> Share | None:
    """Show the links; return the one that shall be revoked."""
    chosen: list[Share] = []
    for share in shares:
        with (
            st.container(border=True),
            st.container(horizontal=True, vertical_alignment="center"),
        ):
            with st.container(width="stretch", gap="xxsmall"):
                st.markdown(f"**Link to version {share.number}**")
                st.caption(_facts(share))
            if share.revoked_at is not None:
                st.badge("Revoked", icon=":material/link_off:", color="gray")
            elif share.expires_at <= now:
                st.badge("Expired", icon=":material/timer_off:", color="gray")
            elif st.button("Revoke", key=f"{page}_revoke_{share.id}"):
                chosen.append(share)
    return next(iter(chosen), None)


def _facts(share: Share) -> str:
    times = "never opened" if not share.opened else f"opened {_times(share.opened)}"
    last = f", last {at(share.last_opened_at)}" if share.last_opened_at else ""
    return (
        f"Made {at(share.created_at)} by {plain(share.created_by_name)} · "
        f"until {at(share.expires_at)} · {times}{last}"
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
