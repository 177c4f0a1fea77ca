"""Whose record is looked up as it was, found among the patients of that time."""

from datetime import date
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, now, read, today
from dashboard.patients.point_in_time.point_in_time_source import PointInTimeSource
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.words import at, born, listed_name, numbered, plain
from services.patients import point_in_time
from services.patients.records.model import PatientRecord

_ADVICE: Final = marked(
    "Find the patient whose record was changed or archived by mistake."
)


def choose_earlier_patient(source: PointInTimeSource) -> UUID | None:
    """Find a patient as of then; return who was chosen. Raises Unavailable."""
    actor = current_actor()
    typed = _typed()
    if not typed:
        st.caption(_(_ADVICE))
        return None
    source.keep_open()
    snapshot = source.read(
        lambda s, as_of: point_in_time.find_patients(
            s, actor, typed, now=now(), as_of=as_of
        )
    )
    ids = [patient.id for patient in snapshot.patients]
    shown = read(lambda s: point_in_time.shown_today(s, actor, ids))
    patients = tuple(each for each in snapshot.patients if each.id in shown)
    if not patients:
        empty_state(
            _(
                "No patient was found at that time. Try the last name alone, or the "
                "date of birth. Patients registered since then are in the patient "
                "list."
            ),
            icon="search_off",
        )
        return None
    chosen = st.radio(
        _("As of {time}").format(time=at(snapshot.timestamp))
        if snapshot.timestamp
        else _("At that time"),
        patients,
        index=None,
        format_func=lambda patient: _label(patient, today()),
        key="past_chosen",
    )
    # No record is opened before somebody is chosen.
    return chosen.id if chosen else None


def _typed() -> str:
    # Not the field that searches while one types: each search makes the standby wait.
    return st.text_input(
        _("Patient at that time"),
        key="past_typed",
        type="search",
        placeholder=_("Name, date of birth, record number, phone or e-mail"),
        icon=":material/search:",
        autocomplete="off",
    ).strip()


def _label(patient: PatientRecord, day: date) -> str:
    """Return name, birth and number, as one line of Markdown; `day` is today."""
    return _("{name}, born {day}, {number}").format(
        name=plain(listed_name(patient)),
        day=born(patient, day),
        number=plain(numbered(patient)),
    )
