"""Patients whom the clinic may know twice, offered for a merge."""

from dataclasses import dataclass
from typing import Final

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.context import read, today
from dashboard.navigation import go
from dashboard.net import net
from dashboard.widgets.candidates import candidate, candidate_list
from dashboard.widgets.words import full_name
from services import duplicates, patient_lists
from services.actors import Actor
from services.criteria import Criteria, Direction, Order
from services.duplicates import Candidate
from services.patient_records import PatientRecord

_NEWEST: Final = Criteria(orders=(Order("created_at", Direction.DESC),))
_LOOKED_AT: Final = 10
_MOST_SHOWN: Final = 3
_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Twins:
    """A new record, and the one that is most like it."""

    new: PatientRecord
    known: Candidate


@st.fragment
def offer_newest_twins(actor: Actor) -> None:
    """Show the likeliest pairs among the last registrations; go where one compares."""
    chosen = None
    with st.skeleton(height=80), net():
        # In one go: what is read is written down before it is shown, once for all.
        found = read(
            lambda session: _newest_twins(session, actor),
            keep="twins",
            seconds=_SECONDS,
        )
        if found:
            st.subheader("May be registered twice", anchor=False)
        for twins in found:
            title = f"{full_name(twins.new)} and {full_name(twins.known.patient)}"
            if candidate("home", twins.known, today(), "Compare", title=title):
                chosen = twins
    if chosen:
        kept, new = chosen.known.patient.id, chosen.new.id
        go("merge.py", patient=str(kept), other=str(new))


@st.fragment
def possible_duplicates(actor: Actor, patient: PatientRecord) -> None:
    """Offer what looks like the same person, to be compared and merged."""
    chosen = None
    with st.skeleton(height=80), net():
        found = read(
            lambda s: duplicates.find_duplicates(
                s, actor, patient.draft(), excluding=patient.id
            ),
            keep=("duplicates", patient.id, patient.version),
        )
        if found:
            st.subheader("May be the same person", anchor=False)
        chosen = candidate_list("patient", found, today(), action="Compare")
    if chosen:
        go("merge.py", patient=str(patient.id), other=str(chosen))


def _newest_twins(session: Session, actor: Actor) -> tuple[_Twins, ...]:
    page = patient_lists.list_patients(session, actor, _NEWEST, size=_LOOKED_AT)
    newest = [one for one in page.rows if isinstance(one, PatientRecord)]
    found: dict[frozenset[object], _Twins] = {}
    for patient in newest:
        for known in _likely(session, actor, patient)[:1]:
            pair = frozenset((patient.id, known.patient.id))
            found.setdefault(pair, _Twins(patient, known))
    return tuple(found.values())[:_MOST_SHOWN]


def _likely(session: Session, actor: Actor, patient: PatientRecord) -> list[Candidate]:
    found = duplicates.find_duplicates(
        session, actor, patient.draft(), excluding=patient.id
    )
    return [one for one in found if one.score >= duplicates.LIKELY]
