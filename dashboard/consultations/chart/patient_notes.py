"""The notes of all visits of a patient: diagnoses, and events for the time line."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import streamlit as st

from dashboard.consultations.notes.shown_notes import coded, in_one_line
from dashboard.context import CachedRead, current_actor, in_zone, read_all
from dashboard.patients.chart.depth import most_shown, offer_earlier
from dashboard.patients.chart.timeline import ChartEvent, EventKind
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _, short_date
from dashboard.ui.words import day_range
from services.consultations import chart, notes
from services.consultations.notes import EarlierNotes, Notes, Vitals
from services.core.actors import Actor, Permission

_SECONDS: Final = 10.0
_MOST_DIAGNOSES: Final = 8
_LONGEST: Final = 160
_PAGE: Final = "consultations/visit.py"


def may_read_notes() -> bool:
    """Return whether this person may read the notes of visits."""
    return current_actor().may(Permission.READ_RECORDS)


def notes_reads(patient_id: UUID) -> list[CachedRead[Any]]:
    """Return the reads that the parts made of notes need."""
    return [_notes(current_actor(), patient_id)] if may_read_notes() else []


def notes_of(patient_id: UUID) -> tuple[EarlierNotes, ...]:
    """Return the notes of a patient, the latest visit first."""
    written: tuple[EarlierNotes, ...]
    (written,) = read_all(_notes(current_actor(), patient_id))
    return written


def offer_earlier_notes(patient_id: UUID, *, key: str) -> None:
    """If the list of notes is cut, show how many there are, and offer earlier ones."""
    latest = _("The latest {number} visits with notes are shown.")
    offer_earlier(patient_id, len(notes_of(patient_id)), latest, key=key)


def show_diagnoses(patient_id: UUID) -> None:
    """Show the diagnoses of all visits as a card, the latest first."""
    with st.container(border=True, gap="small"), error_boundary():
        st.subheader(_("Problems and diagnoses"), anchor=False)
        known = chart.known_diagnoses(notes_of(patient_id))
        if not known:
            st.caption(_("No diagnoses yet."))
        for diagnosis in known[:_MOST_DIAGNOSES]:
            st.markdown(f"{coded(diagnosis.diagnosis)}  \n:gray[{_when(diagnosis)}]")
        if len(known) > _MOST_DIAGNOSES:
            more = decimal(len(known) - _MOST_DIAGNOSES)
            st.caption(_("And {number} more in the notes.").format(number=more))
        offer_earlier_notes(patient_id, key="diagnoses_more")


def notes_events(patient_id: UUID) -> Iterator[ChartEvent]:
    """Return notes and vital signs for the time line; each opens its visit."""
    for visit in notes_of(patient_id):
        query = {"visit": str(visit.appointment_id)}
        if visit.notes.vitals != Vitals():
            yield ChartEvent(
                EventKind.VITALS,
                visit.visited_at,
                in_one_line(visit.notes.vitals),
                visit.doctor_name,
                page=_PAGE,
                query=query,
            )
        if what := _said(visit.notes):
            yield ChartEvent(
                EventKind.NOTES,
                visit.visited_at,
                what,
                visit.doctor_name,
                more=_shortened(visit.notes.complaint) if visit.notes.diagnoses else "",
                page=_PAGE,
                query=query,
            )


def _notes(actor: Actor, patient_id: UUID) -> CachedRead[tuple[EarlierNotes, ...]]:
    most = most_shown(patient_id)
    return CachedRead(
        lambda s: notes.list_of_patient(s, actor, patient_id, limit=most),
        keep=("notes", patient_id, most),
        seconds=_SECONDS,
    )


def _said(written: Notes) -> str:
    """Return the diagnoses or, without any, the beginning of what is written."""
    named = "; ".join(f"{d.code} {d.text}".strip() for d in written.diagnoses)
    texts = (written.complaint, written.findings, written.plan)
    return named or _shortened(next(filter(None, texts), ""))


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _when(known: chart.KnownDiagnosis) -> str:
    first, last = in_zone(known.first_at).date(), in_zone(known.last_at).date()
    if known.visits == 1:
        return short_date(first)
    return _("{days}, {visits} visits").format(
        days=day_range(first, last, short_date), visits=known.visits
    )
