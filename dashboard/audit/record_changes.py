"""What changed in a patient's record, who changed it and when."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import streamlit as st

from dashboard.audit.audit_log import patient_versions
from dashboard.ui.dialogs import dialog
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, long_date, marked, translated
from dashboard.ui.record_table import Cell, Column, Row, record_table
from dashboard.ui.words import at, capitalised, full_name, plain
from services.audit.log import phrase_of
from services.audit.log.patient_versions import PatientVersion
from services.core.audit import Action
from services.patients.records.model import FIELDS, PatientRecord

_COLUMNS: Final = (
    Column(marked("When")),
    Column(marked("Who")),
    Column(marked("What")),
    Column(marked("Before")),
    Column(marked("After")),
)
_DATES: Final = frozenset({"date_of_birth", "deceased_on"})
_DEATH: Final = marked("Date of death")
_NOTHING: Final = "–"


def offer_changes_of(patient: PatientRecord) -> None:
    """Offer the changes of a record from version to version."""
    if st.button(
        _("What changed"), key="patient_changes", icon=":material/difference:"
    ):
        _show_changes(patient)


@dialog(marked("What changed"), width="large", icon=":material/difference:")
def _show_changes(patient: PatientRecord) -> None:
    """Show each change with the values before and after, the newest first."""
    with error_boundary():
        name = plain(full_name(patient))
        st.markdown(_("The record of **{name}**, the newest first.").format(name=name))
        versions = patient_versions(patient.id, patient.version)
        rows = [row for version in versions for row in _rows(version)]
        if rows:
            record_table(
                _COLUMNS, rows, name=_("What changed"), key="patient_changes_table"
            )
        else:
            empty_state(_("Nobody has changed this record yet."), icon="difference")
        oldest = versions[-1]
        if oldest.action is None:
            st.caption(
                _(
                    "Version {number} came with an import; earlier versions are not "
                    "kept."
                ).format(number=oldest.record.version)
            )


def _rows(version: PatientVersion) -> Iterator[Row]:
    """Yield a row for each field that changed, or one that names the action."""
    if version.action is None:
        return
    number = version.record.version
    who = translated(version.who) if version.who else ""
    begin = (at(version.made_at) if version.made_at else "", who)
    # In a registration every field would count as changed.
    is_first = version.action is Action.PATIENT_REGISTER
    changed = {} if is_first else version.changed
    for name, (before, after) in changed.items():
        label = _(FIELDS[name].label if name in FIELDS else _DEATH)
        texts = (label, _text(name, before), _text(name, after))
        yield _row(f"{number}.{name}", *begin, *texts)
    if not changed:
        phrase = phrase_of(version.action)
        done = _("Registered") if is_first else capitalised(_(phrase))
        yield _row(str(number), *begin, done, "", "")


def _row(id_: str, *texts: str) -> Row:
    return Row(id_, tuple(map(Cell, texts)))


def _text(name: str, value: Any) -> str:
    match value:
        case None | "" | []:
            return _NOTHING
        case bool():
            return _("Yes") if value else _("No")
        case list():
            return ", ".join(map(str, value))
        case str() if name in _DATES:
            return long_date(date.fromisoformat(value))
    return str(value)
