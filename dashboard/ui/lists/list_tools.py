"""What surrounds a list of patients: search, its sentence, filters, and files of it."""

import re
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.elements.lib.mutable_expander_container import ExpanderContainer

from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import decimal, gettext as _, marked, refusal_text
from dashboard.ui.words import plain
from services.core.actors import Role
from services.core.errors import NotAllowed
from services.lists.criteria import Criteria
from services.lists.workbooks import MOST_ROWS
from services.patients.search import has_only_years

_NOBODY_YET: Final = {
    Role.STAFF: marked("No patients yet. Register the first one."),
    Role.CLINICIAN: marked(
        "You have no patients yet. Patients you register, or whom the front desk "
        "assigns to you, are listed here."
    ),
}
# No number, address or date of birth: those are not names to register.
_NAME: Final = re.compile(r"[^\W\d_][^\d_@]*")


def search_box(
    page: str,
    shown: Criteria,
    *,
    mark: str,
    label: str = marked("Search patients"),
    hint: str = marked("Name, date of birth, record number, phone or e-mail"),
) -> str | None:
    """Draw the search box; return what was typed if it is not the shown search."""
    key = f"{page}_search"
    if st.session_state.get(f"{key}_mark") != mark:
        st.session_state[f"{key}_mark"] = mark
        st.session_state[key] = shown.search
    typed = st.text_input(
        _(label),
        key=key,
        type="search",
        placeholder=_(hint),
        icon=":material/search:",
        label_visibility="collapsed",
        autocomplete="off",
    )
    wanted = " ".join((typed or "").split())
    return wanted if wanted != shown.search else None


def filters_panel(page: str, shown: Criteria) -> ExpanderContainer:
    """Return a folded panel for the filters, whose label has their number."""
    filters = sum(1 for __ in shown.where.filters())
    active = f" ({filters})" if filters else ""
    archived = f", {_('archived records')}" if shown.archived else ""
    was_open = f"{page}_filters_open"
    panel = st.expander(
        _("Filters and order{active}{archived}").format(
            active=active, archived=archived
        ),
        # For Streamlit another label is another expander, which would start folded.
        expanded=st.session_state.get(was_open, False),
        key=f"{page}_filters",
        icon=":material/filter_alt:",
        on_change="rerun",
    )
    st.session_state[was_open] = panel.open
    return panel


def show_heading(
    page: str, sentence: str, *, csv: str | None, workbook: str | None = None
) -> DeltaGenerator:
    """Show the list's sentence, with links to its files, which our routes send.

    Return the place for further buttons beside them.
    """
    line = st.container(horizontal=True, vertical_alignment="center")
    with line:
        st.markdown(f"**{plain(sentence)}**", width="stretch")
        if csv:
            st.link_button(
                _("CSV"),
                csv,
                key=f"{page}_csv",
                icon=":material/download:",
                help=_("Download this list as filtered, all pages."),
            )
        if workbook:
            st.link_button(
                _("Excel"),
                workbook,
                key=f"{page}_xlsx",
                icon=":material/table_view:",
                help=_(
                    "This list as an Excel workbook; phone numbers keep their leading "
                    "zeros. Up to {most} rows."
                ).format(most=decimal(MOST_ROWS)),
            )
    return line


def show_nobody(
    page: str,
    shown: Criteria,
    role: Role,
    *,
    similar: bool,
    refusal: NotAllowed | None,
) -> bool:
    """Say that the list is empty; return whether everybody should be shown.

    With `similar`, patients with similar names follow; with a `refusal`, this person
    may not see them.
    """
    if refusal:
        return empty_state(
            plain(refusal_text(refusal)),
            icon="visibility_off",
            action=_("Show all patients"),
            key=f"{page}_all",
        )
    if shown == Criteria():
        return empty_state(
            _(_NOBODY_YET.get(role, marked("No patients yet."))), icon="group_off"
        )
    if has_only_years(shown.search):
        said = _(
            "A year of birth is searched for beside a name, such as smith 1939. To "
            "list everybody born in a year, add a filter."
        )
    elif similar:
        said = _("No patients match. Did you mean one of those below?")
    else:
        said = _("No patients match. Check the spelling, or remove a filter.")
    return empty_state(
        said,
        icon="search_off",
        action=_("Show all patients"),
        key=f"{page}_all",
    )


def offer_searched(page: str, shown: Criteria) -> str | None:
    """Offer to register the person searched for in vain; return the name if chosen.

    Only for a search by name alone: a filter may hide somebody who is on file.
    """
    name = " ".join(shown.search.split())
    if not _NAME.fullmatch(name) or any(shown.where.filters()) or shown.archived:
        return None
    is_wanted = st.button(
        _("Register “{name}”").format(name=plain(name)),
        key=f"{page}_register_searched",
        icon=":material/person_add:",
    )
    return name if is_wanted else None


def offer_registration(page: str) -> bool:
    """Draw the button that leads to registration; return whether it was pressed."""
    return st.button(
        _("Register patient"),
        key=f"{page}_register",
        icon=":material/person_add:",
        type="primary",
    )


def charts_panel() -> ExpanderContainer:
    """Return a folded panel for the charts."""
    return st.expander(
        _("Charts of this list"),
        key="patients_charts",
        icon=":material/bar_chart:",
        on_change="rerun",
    )
