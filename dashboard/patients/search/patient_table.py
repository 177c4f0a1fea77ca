"""Patients as rows of a table: family name first, what is dangerous in colour."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import streamlit as st

from dashboard.navigation import patient_url
from dashboard.ui.lists.sorting import marks_of
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    Selection,
    TableEvent,
    payload_of,
    record_table,
)
from dashboard.ui.words import SEXES, aged, listed_name, numbered, written
from services.lists.criteria import Order
from services.patients.records.model import UnnamedPatient
from services.patients.search import Listed

_COLUMNS: Final = (
    Column("Name", "last_name"),
    Column("Record number"),
    Column("Date of birth", "date_of_birth"),
    Column("Age"),
    Column("Sex"),
    Column("Phone or e-mail"),
    Column("Allergies"),
)
_UNNAMED_COLUMNS: Final = (
    Column("Initials"),
    Column("Year of birth", "birth_year"),
    Column("Sex"),
    Column("Medical history"),
    Column("Medications"),
    Column("Allergies"),
)
_MOST_NAMED: Final = 2


def patient_table(
    patients: Sequence[Listed],
    today: date,
    *,
    opens: bool,
    name: str = "Patients in this list",
    key: str = "patients_table",
    orders: Sequence[Order] = (),
    is_sortable: bool = True,
    selection: Selection | None = None,
) -> TableEvent:
    """Show the patients; tell which was opened, what to do with which, what order."""
    drawn = (tuple(orders), opens, today, selection)
    kept = st.session_state.get(f"{key}_payload")
    # Most runs show the page of the run before: the same tuple, so nothing to redo.
    if kept is None or kept[0] is not patients or kept[1] != drawn:
        is_named = not any(isinstance(patient, UnnamedPatient) for patient in patients)
        columns = _COLUMNS if is_named else _UNNAMED_COLUMNS
        payload = payload_of(
            columns if is_sortable else [Column(known.label) for known in columns],
            [_row(patient, today, opens=opens) for patient in patients],
            name=name,
            order=marks_of(orders),
            selection=selection,
        )
        kept = st.session_state[f"{key}_payload"] = (patients, drawn, payload)
    return record_table(kept[2], key=key)


def _row(patient: Listed, today: date, *, opens: bool) -> Row:
    if isinstance(patient, UnnamedPatient):
        return _unnamed_row(patient)
    contact = patient.phone_number or patient.email
    return Row(
        str(patient.id),
        (
            Cell(listed_name(patient)),
            Cell(numbered(patient)),
            Cell(written(patient.date_of_birth)),
            Cell(aged(patient, today)),
            Cell(SEXES[patient.sex]),
            Cell(contact) if contact else Cell("No contact", "warn", "contact_phone"),
            allergies_cell(patient),
        ),
        patient_url(patient.id) if opens else "",
    )


def _unnamed_row(patient: UnnamedPatient) -> Row:
    return Row(
        str(patient.id),
        (
            Cell(patient.initials),
            Cell(str(patient.birth_year)),
            Cell(SEXES[patient.sex]),
            Cell(_few(patient.medical_history)),
            Cell(_few(patient.current_medications)),
            allergies_cell(patient),
        ),
        "",
    )


def allergies_cell(patient: Listed) -> Cell:
    """Return the one status that a row of a patient shows."""
    if patient.is_archived:
        return Cell("Archived", "muted", "archive")
    if patient.allergies:
        return Cell(_few(patient.allergies), "danger", "warning")
    if patient.no_known_allergies:
        return Cell("None known", "ok", "check")
    return Cell("Not stated", "warn", "help")


def _few(terms: Sequence[str]) -> str:
    """Name the first terms, and say how many more there are."""
    shown = ", ".join(terms[:_MOST_NAMED])
    more = len(terms) - _MOST_NAMED
    return f"{shown} +{more}" if more > 0 else shown
