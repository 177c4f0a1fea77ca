"""Patients as rows of a table: family name first, dangers in colour."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import streamlit as st

from dashboard.navigation import patient_url
from dashboard.ui.language import (
    current_language,
    gettext as _,
    long_date,
    long_month,
    marked,
)
from dashboard.ui.lists.column_choice import OfferedColumns
from dashboard.ui.lists.sorting import marks_of, sorted_by_name
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    Selection,
    TableEvent,
    payload_of,
    show_payload,
)
from dashboard.ui.words import aged, at, listed_name, numbered
from services.lists.criteria import Order
from services.patients.records.model import FIELDS, SEX_LABELS, PseudonymisedPatient
from services.patients.search import Listed
from services.patients.search.fields import COLUMNS, PSEUDONYMISED_COLUMNS

# The columns for people who have not chosen any.
_USUAL: Final = (
    "name",
    "record_number",
    "date_of_birth",
    "age",
    "sex",
    "contact",
    "allergies",
)
_PSEUDONYMISED_USUAL: Final = PSEUDONYMISED_COLUMNS[:5]
_HEADS: Final[Mapping[str, Column]] = {
    "name": Column(marked("Name"), "last_name"),
    "record_number": Column(marked("Record number")),
    "date_of_birth": Column(marked("Date of birth"), "date_of_birth"),
    "age": Column(marked("Age")),
    "sex": Column(marked("Sex")),
    "contact": Column(marked("Phone or e-mail")),
    "email": Column(marked("E-mail"), "email"),
    "phone_number": Column(marked("Phone number"), "phone_number"),
    "allergies": Column(marked("Allergies")),
    "medical_history": Column(marked("Medical history")),
    "current_medications": Column(marked("Medications")),
    "created_at": Column(marked("Registered"), "created_at"),
    "updated_at": Column(marked("Last changed"), "updated_at"),
    "birth_year": Column(marked("Year of birth"), "birth_year"),
}
_MOST_NAMED: Final = 2


def _head(name: str) -> Column:
    """Return a column's head; a text of the record is labelled as in its form."""
    return _HEADS.get(name) or Column(FIELDS[name].label)


def patient_table(
    patients: Sequence[Listed],
    today: date,
    *,
    opens: bool,
    name: str = marked("Patients in this list"),
    key: str = "patients_table",
    orders: Sequence[Order] = (),
    is_sortable: bool = True,
    selection: Selection | None = None,
    columns: Sequence[str] | None = None,
) -> TableEvent:
    """Show the patients; return which was opened, which action on which, which order.

    `columns` are the ones that somebody has chosen, in that order.
    """
    drawn = (tuple(orders), opens, today, selection, columns, current_language())
    kept = st.session_state.get(f"{key}_payload")
    # Most runs show the page of the previous run: the same tuple, nothing to rebuild.
    if kept is None or kept[0] is not patients or kept[1] != drawn:
        is_named = not any(
            isinstance(patient, PseudonymisedPatient) for patient in patients
        )
        shown = _chosen(columns, is_named=is_named)
        names = sorted_by_name(_HEADS["name"], orders)
        heads = [names if name == "name" else _head(name) for name in shown]
        payload = payload_of(
            heads if is_sortable else [Column(head.label) for head in heads],
            [_row(patient, shown, today, opens=opens) for patient in patients],
            name=_(name),
            order=marks_of(orders),
            selection=selection,
        )
        kept = st.session_state[f"{key}_payload"] = (patients, drawn, payload)
    return show_payload(kept[2], key=key)


def offered_columns(*, is_named: bool) -> OfferedColumns:
    """Return the columns of a list of patients, to choose from."""
    return OfferedColumns(
        columns_for(is_named=is_named),
        usual_columns(is_named=is_named),
        label_of,
        _("The CSV file always has every field, in the same order."),
    )


def columns_for(*, is_named: bool) -> tuple[str, ...]:
    """Return the available columns, in the order in which they are offered."""
    return COLUMNS if is_named else PSEUDONYMISED_COLUMNS


def usual_columns(*, is_named: bool) -> tuple[str, ...]:
    """Return the columns of a list for which nobody has chosen any."""
    return _USUAL if is_named else _PSEUDONYMISED_USUAL


def label_of(column: str) -> str:
    """Return the label of a column."""
    return _(_head(column).label)


def _chosen(columns: Sequence[str] | None, *, is_named: bool) -> tuple[str, ...]:
    """Return the chosen columns that these rows have, or the usual ones."""
    known = columns_for(is_named=is_named)
    shown = tuple(name for name in columns or () if name in known)
    return shown or usual_columns(is_named=is_named)


def _row(patient: Listed, columns: Sequence[str], today: date, *, opens: bool) -> Row:
    url = ""
    if opens and not isinstance(patient, PseudonymisedPatient):
        url = patient_url(patient.id)
    cells = tuple(_cell(name, patient, today) for name in columns)
    return Row(str(patient.id), cells, url)


def _cell(name: str, patient: Listed, today: date) -> Cell:
    draw = _CELLS.get(name)
    return draw(patient, today) if draw else Cell(getattr(patient, name) or "")


def _contact(patient: Any, __: date) -> Cell:
    contact = patient.phone_number or patient.email
    return Cell(contact) if contact else Cell(_("No contact"), "warn", "contact_phone")


# Each takes the patient that a list with that column has: with or without names.
_CELLS: Final[Mapping[str, Callable[[Any, date], Cell]]] = {
    "name": lambda patient, __: Cell(listed_name(patient)),
    "record_number": lambda patient, __: Cell(numbered(patient)),
    "date_of_birth": lambda patient, __: Cell(long_date(patient.date_of_birth)),
    "age": lambda patient, today: Cell(aged(patient, today)),
    "sex": lambda patient, __: Cell(_(SEX_LABELS[patient.sex])),
    "contact": _contact,
    "email": lambda patient, __: Cell(patient.email or ""),
    "phone_number": lambda patient, __: Cell(patient.phone_number or ""),
    "allergies": lambda patient, __: allergies_cell(patient),
    "medical_history": lambda patient, __: Cell(_few(patient.medical_history)),
    "current_medications": lambda patient, __: Cell(_few(patient.current_medications)),
    "created_at": lambda patient, __: Cell(_since(patient, patient.created_at)),
    "updated_at": lambda patient, __: Cell(_since(patient, patient.updated_at)),
    "birth_year": lambda patient, __: Cell(str(patient.birth_year)),
}


def allergies_cell(patient: Listed) -> Cell:
    """Return the single status shown in a patient's row."""
    if patient.is_archived:
        return Cell(_("Archived"), "muted", "archive")
    if patient.allergies:
        return Cell(_few(patient.allergies), "danger", "warning")
    if patient.no_known_allergies:
        return Cell(_("None known"), "ok", "check")
    return Cell(_("Not stated"), "warn", "help")


def _since(patient: Listed, timestamp: datetime) -> str:
    is_pseudonymised = isinstance(patient, PseudonymisedPatient)
    return long_month(timestamp) if is_pseudonymised else at(timestamp)


def _few(terms: Sequence[str]) -> str:
    """Return the first few terms, and how many more there are."""
    shown = ", ".join(terms[:_MOST_NAMED])
    more = len(terms) - _MOST_NAMED
    return f"{shown} +{more}" if more > 0 else shown
