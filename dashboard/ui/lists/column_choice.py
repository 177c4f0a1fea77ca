"""Which columns a list shows, and in which order: a person's own choice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard.context import CachedRead, read_all, write
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.lists.list_addresses import AddressedList
from dashboard.ui.notices import notify
from services.core.actors import Permission
from services.lists import columns


@dataclass(frozen=True, slots=True)
class OfferedColumns:
    """The columns that a list may have, the default ones, and the label of each."""

    names: Sequence[str]
    usual: Sequence[str]
    label_of: Callable[[str], str]
    note: str = ""


def columns_read(listing: AddressedList) -> CachedRead[tuple[str, ...] | None]:
    """Return the read of the columns that this person has chosen for a list."""
    return CachedRead(
        lambda session: columns.find_columns(
            session, listing.actor, listing.key, subject=listing.subject
        ),
        keep=("columns", listing.subject.name, listing.actor.id, listing.key),
    )


def columns_of(listing: AddressedList) -> tuple[str, ...] | None:
    """Return the columns chosen for a list; None if there is no choice, or no right."""
    chosen: tuple[str, ...] | None = None
    if listing.actor.may(Permission.SAVE_VIEWS):
        (chosen,) = read_all(columns_read(listing))
    return chosen


def offer_columns(
    listing: AddressedList, chosen: tuple[str, ...] | None, offered: OfferedColumns
) -> None:
    """Draw the button that opens the choice of columns."""
    key = f"{listing.subject.name}_columns"
    if st.button(_("Columns"), key=key, icon=":material/view_column:"):
        _choose(listing, chosen, offered)


@dialog(marked("Columns of the list"), icon=":material/view_column:")
def _choose(
    listing: AddressedList, chosen: tuple[str, ...] | None, offered: OfferedColumns
) -> None:
    key = f"{listing.subject.name}_columns"
    with error_boundary():
        shown = [name for name in chosen or () if name in offered.names]
        wanted = st.multiselect(
            _("Columns, from left to right"),
            offered.names,
            default=shown or offered.usual,
            format_func=offered.label_of,
            key=f"{key}_chosen",
            placeholder=_("Choose"),
        )
        how = _(
            "Columns appear in the order in which you choose them: remove one and "
            "choose it again to move it to the end. A list that you have saved as a "
            "view keeps its own columns."
        )
        st.caption(f"{how} {offered.note}".rstrip())
        if chosen and st.button(_("Show the default columns"), key=f"{key}_usual"):
            _keep(listing, None)
        if confirmed(_("Show these"), key=f"{key}_save"):
            _keep(listing, tuple(wanted))


def _keep(listing: AddressedList, wanted: tuple[str, ...] | None) -> None:
    write(
        lambda session: columns.choose_columns(
            session, listing.actor, listing.key, wanted, subject=listing.subject
        )
    )
    notify(_("The columns are saved."), icon="view_column")
    st.rerun()
