"""What changed in a patient's record, who changed it and when."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import streamlit as st

from dashboard.audit.audit_log import patient_versions
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.record_table import Cell, Column, Row, payload_of, record_table
from dashboard.ui.words import at, full_name, plain, written
from services.audit.log import phrase_of
from services.audit.log.patient_versions import PatientVersion
from services.core.audit import Action
from services.patients.records.model import FIELDS, PatientRecord

_COLUMNS: Final = (
    Column("When"),
    Column("Who"),
    Column("What"),
    Column("Before"),
    Column("After"),
)
_DATES: Final = frozenset({"date_of_birth", "deceased_on"})
_DEATH: Final = "Date of death"
_NOTHING: Final = "–"


def offer_changes_of(patient: PatientRecord) -> None:
    """Offer what changed in a record from version to version."""
    if st.button("What changed", key="patient_changes", icon=":material/difference:"):
        _show_changes(patient)


@st.dialog("What changed", width="large", icon=":material/difference:")
def _show_changes(patient: PatientRecord) -> None:
    """Show each change with what it found and what it left, the newest first."""
    with error_boundary():
        st.markdown(f"The record of **{plain(full_name(patient))}**, the newest first.")
        versions = patient_versions(patient.id, patient.version)
        rows = [row for version in versions for row in _rows(version)]
        if rows:
            payload = payload_of(_COLUMNS, rows, name="What changed")
            record_table(payload, key="patient_changes_table")
        else:
            empty_state("Nobody has changed this record yet.", icon="difference")
        oldest = versions[-1]
        if oldest.action is None:
            st.caption(
                f"Version {oldest.record.version} came with an import; what was before "
                "is not kept."
            )


def _rows(version: PatientVersion) -> Iterator[Row]:
    """Yield a row for each field that changed, or one that says what was done."""
    if version.action is None:
        return
    number = version.record.version
    begin = (at(version.made_at) if version.made_at else "", version.who or "")
    # Of a registration every field would be one that changed.
    is_first = version.action is Action.PATIENT_REGISTER
    changed = {} if is_first else version.changed
    for name, (before, after) in changed.items():
        label = FIELDS[name].label if name in FIELDS else _DEATH
        texts = (label, _text(name, before), _text(name, after))
        yield _row(f"{number}.{name}", *begin, *texts)
    if not changed:
        done = "Registered" if is_first else phrase_of(version.action).capitalize()
        yield _row(str(number), *begin, done, "", "")


def _row(id_: str, *texts: str) -> Row:
    return Row(id_, tuple(map(Cell, texts)))


def _text(name: str, value: Any) -> str:
    match value:
        case None | "" | []:
            return _NOTHING
        case bool():
            return "Yes" if value else "No"
        case list():
            return ", ".join(map(str, value))
        case str() if name in _DATES:
            return written(date.fromisoformat(value))
    return str(value)
