"""First, previous, next, last: how one moves in a list that is read by position."""

from uuid import UUID

import streamlit as st

from dashboard.ui.language import gettext as _
from services.lists.pages import PagePosition


def position(page: str, mark: str) -> PagePosition:
    """Return where the person is in the list with this mark; a new list starts anew."""
    known, where = st.session_state.get(f"{page}_position", ("", PagePosition()))
    return where if known == mark else PagePosition()


def pager(page: str, mark: str, *, previous: UUID | None, next_: UUID | None) -> None:
    """Draw the four buttons; those that lead nowhere are disabled."""
    if previous is None and next_ is None:
        return
    with st.container(horizontal=True, gap="small"):
        for name, icon, where, is_open in (
            (_("First"), "first_page", PagePosition(), previous is not None),
            (_("Previous"), "chevron_left", PagePosition(before=previous), previous),
            (_("Next"), "chevron_right", PagePosition(after=next_), next_),
            (_("Last"), "last_page", PagePosition(last=True), next_ is not None),
        ):
            st.button(
                name,
                key=f"{page}_{name.lower()}",
                icon=f":material/{icon}:",
                disabled=not is_open,
                on_click=_go,
                args=(page, mark, where),
            )


def _go(page: str, mark: str, where: PagePosition) -> None:
    st.session_state[f"{page}_position"] = (mark, where)
