"""The form of a visit's notes: texts, vital signs, and the problems in each."""

from collections.abc import Callable, Mapping
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.consultations.notes.diagnosis_search import offer_codes, search_diagnoses
from dashboard.consultations.notes.shown_notes import as_number
from dashboard.consultations.notes.writing import (
    Writing,
    accept_theirs,
    key_of,
    written_by_others,
)
from dashboard.ui.form_fields import show_problems
from dashboard.ui.language import gettext as _, lowered, marked
from dashboard.ui.words import plain
from services.consultations.notes import VITALS, Vital, typed
from services.consultations.notes.typed import LABELS, TEXTS

_WIDTH: Final = 150
_HEIGHTS: Final = {"complaint": 100, "findings": 140, "diagnoses": 100, "plan": 120}
_HELP: Final = {
    "diagnoses": marked(
        "One per line: an ICD-10 code, words, or both, such as I10 High blood pressure."
    ),
}


def draw(writing: Writing, changed: Callable[[], None], *, is_checked: bool) -> None:
    """Draw the fields; `changed` is called when somebody leaves a changed one.

    With `is_checked`, problems that would be refused are shown beside their fields.
    """
    places: dict[str, DeltaGenerator] = {}
    for name in ("complaint", "findings"):
        places[name] = _text(name, changed)
    with st.grid(4, min_column_width=_WIDTH):
        for vital in VITALS:
            with st.container(gap="small"):
                places[vital.name] = _vital(vital, changed)
    search_diagnoses(changed)
    places["diagnoses"] = _text("diagnoses", changed)
    offer_codes(changed)
    places["plan"] = _text("plan", changed)
    _tell_of_others(places)
    if is_checked:
        show_problems(places, typed.problems_of(writing.typed))


def _text(name: str, changed: Callable[[], None]) -> DeltaGenerator:
    st.text_area(
        _(TEXTS[name]),
        key=key_of(name),
        height=_HEIGHTS[name],
        help=_(_HELP.get(name, "")) or None,
        on_change=changed,
        persist_state="session",
    )
    return st.container()


def _vital(vital: Vital, changed: Callable[[], None]) -> DeltaGenerator:
    st.text_input(
        f"{_(vital.label)} ({vital.unit})",
        key=key_of(vital.name),
        placeholder=_("{lowest} to {highest}").format(
            lowest=as_number(vital.lowest), highest=as_number(vital.highest)
        ),
        # A shared desk: the browser must not offer the last patient's data.
        autocomplete="off",
        on_change=changed,
        persist_state="session",
    )
    return st.container()


def _tell_of_others(places: Mapping[str, DeltaGenerator]) -> None:
    for name, theirs in written_by_others().items():
        with places[name].container(border=True, gap="small"):
            label = lowered(_(LABELS[name]))
            st.markdown(_("**Now saved as {field}**").format(field=label))
            st.text(theirs or _("Nothing"))
            st.button(
                _("Take this {field} instead of mine").format(field=plain(label)),
                key=f"visit_take_{name}",
                on_click=accept_theirs,
                args=(name,),
            )
