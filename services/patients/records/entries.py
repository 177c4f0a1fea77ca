"""Dated entries of a patient's record: what, under which code, from when until when."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.patient import ClinicalEntry
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.patients.records import patients
from services.patients.records.model import PatientRecord


class EntryKind(StrEnum):
    """What an entry is, in the words of FHIR."""

    ALLERGY = "allergy"
    CONDITION = "condition"
    MEDICATION = "medication"
    PROCEDURE = "procedure"
    ENCOUNTER = "encounter"
    OBSERVATION = "observation"


# Which list of a record says what of a kind holds today.
_LISTS: Final = {
    EntryKind.ALLERGY: "allergies",
    EntryKind.CONDITION: "medical_history",
    EntryKind.MEDICATION: "current_medications",
}


@dataclass(frozen=True, slots=True)
class DatedEntry:
    """An entry; `ended_on` is None while it lasts.

    `code` is one of `system`, the address of a code system; both are empty without.
    """

    id: UUID
    kind: EntryKind
    term: str
    system: str
    code: str
    value: Decimal | None
    unit: str
    started_on: date
    ended_on: date | None


def list_entries(
    session: Session, actor: Actor, patient_id: UUID, *, limit: int
) -> tuple[DatedEntry, ...]:
    """Return the entries of a patient, the latest first.

    Without those that last and whose term somebody has taken off the record's list:
    what people say of a record stands. Raises NoSuchPatient, NotAllowed.
    """
    actor.require(Permission.VIEW_PATIENT, patient_id)
    record = patients.look_up(session, actor, patient_id)
    audit.record_patient(
        session, actor, Action.PATIENT_READ, record.id, record.version, entries=True
    )
    latest = (
        select(ClinicalEntry)
        .where(ClinicalEntry.patient_id == patient_id)
        .order_by(ClinicalEntry.started_on.desc(), ClinicalEntry.id.desc())
        .limit(limit)
    )
    entries = map(_entry_of, session.scalars(latest))
    return tuple(entry for entry in entries if _holds(record, entry))


def _holds(record: PatientRecord, entry: DatedEntry) -> bool:
    if entry.ended_on is not None or entry.kind not in _LISTS:
        return True
    listed = getattr(record, _LISTS[entry.kind])
    return entry.term.casefold() in {term.casefold() for term in listed}


def _entry_of(row: ClinicalEntry) -> DatedEntry:
    return DatedEntry(
        row.id,
        EntryKind(row.kind),
        row.term,
        row.system,
        row.code,
        row.value,
        row.unit or "",
        row.started_on,
        row.ended_on,
    )
