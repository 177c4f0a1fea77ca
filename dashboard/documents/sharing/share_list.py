"""Links to a document one below the other: whose, until when, how often opened."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from dashboard.ui.language import gettext as _, ngettext
from dashboard.ui.words import at, plain
from services.documents.sharing.shares import Share


def share_list(page: str, shares: Sequence[Share], now: datetime) -> Share | None:
    """Show the links; return the one to be revoked."""
    chosen: list[Share] = []
    for share in shares:
        with (
            st.container(border=True),
            st.container(horizontal=True, vertical_alignment="center"),
        ):
            with st.container(width="stretch", gap="xxsmall"):
                st.markdown(
                    _("**Link to version {number}**").format(number=share.number)
                )
                st.caption(_facts(share))
                if _is_suspended(share, now):
                    st.caption(
                        _(
                            ":material/block: It opens nothing at the moment: "
                            "{created_by_name} may not share documents now."
                        ).format(created_by_name=plain(share.created_by_name))
                    )
            if share.revoked_at is not None:
                st.badge(_("Revoked"), icon=":material/link_off:", color="gray")
            elif share.expires_at <= now:
                st.badge(_("Expired"), icon=":material/timer_off:", color="gray")
            elif st.button(_("Revoke"), key=f"{page}_revoke_{share.id}"):
                chosen.append(share)
    return next(iter(chosen), None)


def _is_suspended(share: Share, now: datetime) -> bool:
    is_over = share.revoked_at is not None or share.expires_at <= now
    return not share.is_live and not is_over


def _facts(share: Share) -> str:
    times = _times(share.opened)
    last = (
        _(", last {last_opened_at}").format(last_opened_at=at(share.last_opened_at))
        if share.last_opened_at
        else ""
    )
    return _(
        "Created {created_at} by {created_by_name} · until {expires_at} · {times}{last}"
    ).format(
        created_at=at(share.created_at),
        created_by_name=plain(share.created_by_name),
        expires_at=at(share.expires_at),
        times=times,
        last=last,
    )


def _times(count: int) -> str:
    if not count:
        return _("never opened")
    return ngettext("opened once", "opened {count} times", count).format(count=count)
