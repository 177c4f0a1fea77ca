"""A person's saved views: open one, or save the list that is shown."""

import streamlit as st

from dashboard.context import read
from dashboard.ui.dialogs import leave_menu, menu
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.lists import list_addresses
from dashboard.ui.lists.list_addresses import AddressedList
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.lists import views


def views_menu(listing: AddressedList) -> None:
    """Draw the button with the saved views under it; they are read when it is open."""
    shown = menu(_("Saved views"), key=_key(listing), icon=":material/bookmarks:")
    if shown.open:
        with shown:
            _open_or_save(listing)


def _key(listing: AddressedList) -> str:
    return f"{listing.subject.name}_views"


@st.fragment
def _open_or_save(listing: AddressedList) -> None:
    page = listing.subject.name
    with error_boundary():
        known = read(
            lambda session: views.list_views(
                session, listing.actor, subject=listing.subject
            )
        )
        for view in known:
            if st.button(
                plain(view.name),
                key=f"{page}_view_{view.id}",
                icon=":material/bookmark:",
                width="stretch",
            ):
                leave_menu(_key(listing))
                list_addresses.show(view.key)
        if not known:
            st.caption(_("No saved views yet. Name this list to find it here again."))
        with st.form(f"{page}_view_form", border=False):
            name = st.text_input(
                _("Save this list as"), key=f"{page}_view_name", autocomplete="off"
            )
            saves = st.form_submit_button(
                _("Save view"), key=f"{page}_view_save", icon=":material/bookmark_add:"
            )
        if saves:
            saved = listing.save(name)
            notify(_("Saved as {name}.").format(name=plain(saved.name)))
            leave_menu(_key(listing))
            st.rerun()
