"""Notes together with their visits, for services that make something else of both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.models.consultation import MedicalRecord, MedicalRecordVersion
from services.consultations.notes import rows, visits
from services.consultations.notes.records import Notes
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.lists.streaming.rows import stream_rows
from services.patients.duplicates.merged import has_absorbed


@dataclass(frozen=True, slots=True)
class VisitNotes:
    """The latest notes of a visit, and when the visit began.

    `number` is their version, which was saved at `saved_at`. At `changed_at` they were
    saved, or moved with their visit to another time.
    """

    notes: Notes
    record_id: UUID
    appointment_id: UUID
    patient_id: UUID
    visited_at: datetime
    number: int
    saved_at: datetime
    changed_at: datetime


_CHANGED_AT: Final = func.greatest(
    MedicalRecordVersion.created_at, MedicalRecord.updated_at
)
_COLUMNS: Final = (
    MedicalRecordVersion.content,
    MedicalRecord.id,
    MedicalRecord.appointment_id,
    MedicalRecord.patient_id,
    Appointment.starts_at,
    MedicalRecordVersion.number,
    MedicalRecordVersion.created_at,
    _CHANGED_AT,
)


def find_of_visit(
    session: Session, actor: Actor, appointment_id: UUID
) -> VisitNotes | None:
    """Return the notes of a visit, None if nothing was saved about it yet.

    Raises NoSuchVisit, NotTreated, NotAllowed.
    """
    visit = visits.get_readable(session, actor, appointment_id)
    wanted = _notes().where(MedicalRecord.appointment_id == appointment_id)
    row = session.execute(wanted).one_or_none()
    if row is None:
        return None
    notes = _notes_of(row)
    visits.record_access(session, actor, visit, version=notes.number)
    return notes


def list_all_of_patient(
    session: Session, actor: Actor, patient_id: UUID
) -> tuple[VisitNotes, ...]:
    """Return the notes of all visits of a patient, the latest visit first.

    A clinician who does not treat the patient gets none. Raises NotAllowed.
    """
    actor.require(Permission.READ_RECORDS, patient_id)
    wanted = (
        _notes()
        .where(MedicalRecord.patient_id == patient_id)
        .order_by(Appointment.starts_at.desc(), MedicalRecord.id.desc())
    )
    notes = tuple(map(_notes_of, session.execute(wanted)))
    audit.record(
        session,
        actor,
        Action.RECORD_READ,
        patient_id=patient_id,
        details={"visits": len(notes)},
    )
    return notes


def stream_all(
    session: Session,
    actor: Actor,
    patient_ids: Sequence[UUID] | None,
    *,
    since: datetime | None = None,
) -> Iterator[Sequence[VisitNotes]]:
    """Yield the notes of all patients, or of these.

    `since` limits them to those that were saved after it, moved with their visit, or
    taken over from a merged record. The caller records the export. Raises NotAllowed.
    """
    actor.require(Permission.EXPORT_PATIENTS)
    actor.require(Permission.READ_RECORDS)
    statement = _notes()
    if since is not None:
        is_another = has_absorbed(MedicalRecord.patient_id, since)
        statement = statement.where(or_(since < _CHANGED_AT, is_another))
    pieces = stream_rows(session, statement, MedicalRecord.patient_id, patient_ids)
    return (list(map(_notes_of, rows)) for rows in pieces)


def _notes() -> Select[*tuple[Any, ...]]:
    return (
        select(*_COLUMNS)
        .join(Appointment, Appointment.id == MedicalRecord.appointment_id)
        .join(
            MedicalRecordVersion,
            and_(
                MedicalRecordVersion.record_id == MedicalRecord.id,
                MedicalRecordVersion.number == MedicalRecord.number,
            ),
        )
    )


def _notes_of(row: Sequence[Any]) -> VisitNotes:
    content, *facts = row
    return VisitNotes(rows.notes_of(content), *facts)
