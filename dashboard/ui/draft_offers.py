"""Drafts on a page: whether what is typed is saved, and which were begun before."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol, TypeVar
from uuid import UUID

import streamlit as st

from dashboard.context import now
from dashboard.ui.language import gettext as _, ngettext
from dashboard.ui.words import at
from services.core.drafting import Saved

_MOST: Final = 3
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


class Draft(Protocol):
    """Anything that is kept under an id."""

    @property
    def id(self) -> UUID:
        """The id that the draft is kept under."""


D = TypeVar("D", bound=Draft)


def offer_drafts(
    page: str,
    drafts: Sequence[Saved[D]],
    title_of: Callable[[D], str],
    *,
    go_on: Callable[[Saved[D]], None],
    discard: Callable[[UUID], None],
) -> None:
    """Offer to continue the newest drafts, or to discard them."""
    for kept in drafts[:_MOST]:
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", gap="small"
        ):
            st.markdown(
                _("{draft}, started earlier").format(draft=title_of(kept.draft)),
                width="stretch",
            )
            st.button(
                _("Continue draft from {when}").format(when=_ago(kept.saved_at)),
                key=f"{page}_continue_{kept.draft.id}",
                help=at(kept.saved_at),
                icon=":material/edit_note:",
                on_click=go_on,
                args=(kept,),
            )
            st.button(
                _("Discard"),
                key=f"{page}_discard_{kept.draft.id}",
                type="tertiary",
                on_click=discard,
                args=(kept.draft.id,),
            )


def show_saved_at(saved_at: datetime | None) -> None:
    """Show when the draft was saved; without a time, that it could not be saved."""
    if saved_at is None:
        st.caption(
            _(
                ":material/cloud_off: The draft could not be saved just now. What you "
                "typed is still on this page."
            )
        )
    else:
        st.caption(
            _(":material/cloud_done: Draft saved at {saved_at}.").format(
                saved_at=at(saved_at)
            )
        )


def _ago(timestamp: datetime) -> str:
    seconds = int((now() - timestamp).total_seconds())
    if days := seconds // _DAY:
        return ngettext("{days} day ago", "{days} days ago", days).format(days=days)
    if hours := seconds // _HOUR:
        return ngettext("{hours} hour ago", "{hours} hours ago", hours).format(
            hours=hours
        )
    if minutes := seconds // _MINUTE:
        return ngettext(
            "{minutes} minute ago", "{minutes} minutes ago", minutes
        ).format(minutes=minutes)
    return _("a moment ago")
