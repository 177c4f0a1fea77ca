"""Dated entries of a patient's record: what, with which code, from when until when."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from db.models.patient import ClinicalEntry
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.patients.records import patients
from services.patients.records.model import PatientRecord


class EntryKind(StrEnum):
    """The kind of an entry, in the terms of FHIR."""

    ALLERGY = "allergy"
    CONDITION = "condition"
    MEDICATION = "medication"
    PROCEDURE = "procedure"
    ENCOUNTER = "encounter"
    OBSERVATION = "observation"


LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"
# The list of a record with what is true today, for each kind.
_LISTS: Final = {
    EntryKind.ALLERGY: "allergies",
    EntryKind.CONDITION: "medical_history",
    EntryKind.MEDICATION: "current_medications",
}


@dataclass(frozen=True, slots=True)
class DatedEntry:
    """An entry; `ended_on` is None while it lasts.

    `code` belongs to the code system whose address is `system`; both are empty without
    a code.
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

    Lasting entries whose term was removed from the record's list are left out: what
    people entered in the record takes precedence. Raises NoSuchPatient, NotAllowed.
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


def current_entries(
    session: Session, record: PatientRecord, measured: Collection[str]
) -> tuple[DatedEntry, ...]:
    """Return the entries behind a record's lists, and the last of each measurement.

    These are allergies and medications that last, all conditions and, for these LOINC
    codes, measurements.

    For a service that has looked the record up for somebody who may open it; that
    service records what it reads.
    """
    of_patient = select(ClinicalEntry).where(ClinicalEntry.patient_id == record.id)
    lasting = of_patient.where(
        ClinicalEntry.kind.in_(_LISTS),
        or_(
            ClinicalEntry.ended_on.is_(None),
            # A medical history includes past conditions.
            ClinicalEntry.kind == EntryKind.CONDITION,
        ),
    ).order_by(ClinicalEntry.started_on, ClinicalEntry.id)
    last = (
        of_patient.ext(distinct_on(ClinicalEntry.code))
        .where(
            ClinicalEntry.kind == EntryKind.OBSERVATION,
            ClinicalEntry.system == LOINC,
            ClinicalEntry.code.in_(measured),
            ClinicalEntry.value.is_not(None),
        )
        .order_by(
            ClinicalEntry.code,
            ClinicalEntry.started_on.desc(),
            ClinicalEntry.id.desc(),
        )
    )
    rows = [*session.scalars(lasting), *session.scalars(last)]
    return tuple(entry for entry in map(_entry_of, rows) if _holds(record, entry))


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
