"""The fields that describe a document."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import streamlit as st

from dashboard.ui.fields import bounded_area, bounded_line
from dashboard.ui.fields.days import day_field
from dashboard.ui.language import gettext as _, marked
from services.documents.records.kinds import (
    CLASS_LABELS,
    TYPE_LABELS,
    Classification,
    DocumentType,
)
from services.documents.records.rules import LONGEST_DESCRIPTION, LONGEST_TITLE

_AS_USUAL: Final = marked("Default for the type")


@dataclass(frozen=True, slots=True)
class Handling:
    """How a document is handled: urgent, confidential, withheld from its patient."""

    urgent: bool = False
    confidential: bool = False
    withheld: bool = False


_ROUTINE: Final = Handling()


def document_type_field(
    key: str, start: DocumentType, *, label: str = marked("Type"), **options: Any
) -> DocumentType:
    """Ask what the document is."""
    kinds = list(DocumentType)
    st.session_state.setdefault(f"{key}_type", start)
    chosen: DocumentType = st.selectbox(
        _(label),
        kinds,
        format_func=lambda kind: _(TYPE_LABELS[kind]),
        key=f"{key}_type",
        **options,
    )
    return chosen


def classification_field(
    key: str,
    start: Classification | None,
    *,
    label: str = marked("Retention class"),
    **options: Any,
) -> Classification | None:
    """Ask how long the document is kept; None is what is usual for its type."""
    # The usual is not None: Streamlit would take it for no selection.
    labels = {_AS_USUAL: _AS_USUAL} if start is None else {}
    labels |= {
        classification.value: CLASS_LABELS[classification]
        for classification in Classification
    }
    st.session_state.setdefault(f"{key}_class", start.value if start else _AS_USUAL)
    chosen = st.selectbox(
        _(label),
        list(labels),
        format_func=lambda name: _(labels[name]),
        key=f"{key}_class",
        help=_("How long it is kept after it was last changed."),
        **options,
    )
    return None if chosen == _AS_USUAL else Classification(chosen)


def handling_fields(key: str, start: Handling = _ROUTINE) -> Handling:
    """Ask how the clinic handles the document; without a choice it is routine."""
    for name in ("urgent", "confidential", "withheld"):
        st.session_state.setdefault(f"{key}_{name}", getattr(start, name))
    with st.container(horizontal=True):
        urgent = st.checkbox(
            _("Urgent"),
            key=f"{key}_urgent",
            help=_("Listed first among the new documents of the patient's clinicians."),
        )
        confidential = st.checkbox(
            _("Confidential"),
            key=f"{key}_confidential",
            help=_(
                "Only the person who files it, the clinicians who treat the patient "
                "and people who are named can open it. The front desk sees that it "
                "exists."
            ),
        )
        withheld = st.checkbox(
            _("Not shown to the patient"),
            key=f"{key}_withheld",
            disabled=not confidential,
            help=_(
                "Patients see what is filed about them, unless it is confidential and "
                "this is ticked."
            ),
        )
    return Handling(urgent, confidential, confidential and withheld)


def title_field(key: str, start: str, **options: Any) -> str:
    """Ask for the title."""
    title: str = bounded_line(
        _("Title"),
        start,
        key=f"{key}_title",
        longest=LONGEST_TITLE,
        placeholder=_("If left empty, the file name"),
        **options,
    )
    return title


def date_field(key: str, start: date | None, **options: Any) -> date | None:
    """Ask for the date that the paper itself has."""
    st.session_state.setdefault(f"{key}_dated_on", start)
    return day_field(
        _("Date of the document"),
        key=f"{key}_dated_on",
        help=_("The date on the paper, if it has one."),
        **options,
    )


def description_field(key: str, start: str = "", **options: Any) -> str:
    """Ask for a description."""
    description: str = bounded_area(
        _("Description"),
        start,
        key=f"{key}_description",
        longest=LONGEST_DESCRIPTION,
        height=68,
        **options,
    )
    return description
