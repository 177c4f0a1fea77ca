"""Which columns a list of patients shows, and in which order: a person's own choice."""

import streamlit as st

from dashboard.context import CachedRead, write
from dashboard.patients.search.patient_listing import Listing
from dashboard.patients.search.patient_table import (
    columns_for,
    label_of,
    usual_columns,
)
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.notices import notify
from services.core.actors import Permission
from services.lists import columns
from services.patients.search.fields import PATIENTS

_PAGE = "patients_columns"


def columns_read(listing: Listing) -> CachedRead[tuple[str, ...] | None]:
    """Return what reads the columns that somebody has chosen for a list."""
    return CachedRead(
        lambda session: columns.find_columns(
            session, listing.actor, listing.key, subject=PATIENTS
        ),
        keep=("columns", listing.actor.id, listing.key),
    )


def offer_columns(listing: Listing, chosen: tuple[str, ...] | None) -> None:
    """Draw the button under which the columns are chosen."""
    if st.button("Columns", key=_PAGE, icon=":material/view_column:"):
        _choose(listing, chosen)


@st.dialog("Columns of the list", icon=":material/view_column:")
def _choose(listing: Listing, chosen: tuple[str, ...] | None) -> None:
    with error_boundary():
        is_named = listing.actor.may(Permission.VIEW_NAMES)
        offered = columns_for(is_named=is_named)
        shown = [name for name in chosen or () if name in offered]
        wanted = st.multiselect(
            "Columns, from left to right",
            offered,
            default=shown or usual_columns(is_named=is_named),
            format_func=label_of,
            key=f"{_PAGE}_chosen",
        )
        st.caption(
            "They stand in the order in which you choose them: take one away and "
            "choose it again to have it last. A list that you have saved as a view "
            "keeps its own. CSV always has every field, so that whatever reads the "
            "file finds each in its place."
        )
        with st.container(horizontal=True):
            if st.button("Show these", type="primary", key=f"{_PAGE}_save"):
                _keep(listing, tuple(wanted))
            if chosen and st.button("Show the usual ones", key=f"{_PAGE}_usual"):
                _keep(listing, None)


def _keep(listing: Listing, wanted: tuple[str, ...] | None) -> None:
    write(
        lambda session: columns.choose_columns(
            session, listing.actor, listing.key, wanted, subject=PATIENTS
        )
    )
    notify("The list has its columns.", icon="view_column")
    st.rerun()
