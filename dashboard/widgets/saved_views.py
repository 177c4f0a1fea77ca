"""A person's own names for lists: open one, or name the list that is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard.widgets.words import plain
from services.views import View


@dataclass(frozen=True, slots=True)
class AskedOfViews:
    """What the person wants: a view's key opened, or this list saved under a name."""

    open_key: str | None = None
    save_as: str | None = None


def saved_views(page: str, views: Sequence[View]) -> AskedOfViews:
    """Draw the menu of saved views and the field to save another one."""
    opened = None
    for view in views:
        if st.button(
            plain(view.name),
            key=f"{page}_view_{view.id}",
            icon=":material/bookmark:",
            width="stretch",
        ):
            opened = view.key
    if not views:
        st.caption("No saved views yet. Name this list to find it here again.")
    with st.form(f"{page}_view_form", border=False, clear_on_submit=True):
        name = st.text_input(
            "Save this list as",
            key=f"{page}_view_name",
            max_chars=60,
            autocomplete="off",
        )
        saves = st.form_submit_button(
            "Save view", key=f"{page}_view_save", icon=":material/bookmark_add:"
        )
    return AskedOfViews(opened, name if saves else None)
