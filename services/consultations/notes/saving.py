"""Saving notes: each time as a version of its own, and never twice."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.consultation import MedicalRecord, MedicalRecordVersion
from services.consultations import code_lists
from services.consultations.notes import rows, typed, visits
from services.consultations.notes.errors import StaleNotes, VisitDidNotTakePlace
from services.consultations.notes.records import Notes, NotesRecord, NotesVersion
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.patients.records import locks
from services.visits.front_desk.appointments import VisitRecord, locking


def save(
    session: Session,
    actor: Actor,
    appointment_id: UUID,
    written: typed.Typed,
    *,
    number: int,
) -> NotesRecord:
    """Save the notes as the next version after `number`; the caller commits.

    `number` is the version that was read, 0 for none. Notes equal to the latest make no
    version: whoever saves again because the answer got lost gets the result of the
    first call. Raises InvalidNotes with every problem, StaleNotes,
    VisitDidNotTakePlace, PatientArchived, NoSuchVisit, NotTreated, NotAllowed.
    """
    actor.require(Permission.WRITE_RECORDS)
    visit = visits.get_readable(session, actor, appointment_id)
    notes = typed.read(written, code_lists.diagnoses(session))
    visit, before = _lock(session, actor, visit)
    if before is not None:
        notes = _as_coded_before(notes, before.latest.notes)
    return _keep(session, actor, visit, notes, before, number=number)


def save_earlier(
    session: Session,
    actor: Actor,
    appointment_id: UUID,
    notes: Notes,
    *,
    number: int,
    as_of: datetime | None,
) -> NotesRecord:
    """Save notes of an earlier time, word for word, as the version after `number`.

    They are marked with that time. The caller commits. Notes equal to the latest make
    no version. Raises StaleNotes, VisitDidNotTakePlace, PatientArchived, NoSuchVisit,
    NotTreated, NotAllowed.
    """
    actor.require(Permission.WRITE_RECORDS)
    visit = visits.get_readable(session, actor, appointment_id)
    visit, before = _lock(session, actor, visit)
    return _keep(session, actor, visit, notes, before, number=number, as_of=as_of)


def _lock(
    session: Session, actor: Actor, visit: VisitRecord
) -> tuple[VisitRecord, NotesRecord | None]:
    """Lock and return a visit that takes place, and its notes, if it has any."""
    locks.lock(session, visit.patient_id)
    # Somebody may be cancelling it right now, or marking it as a no-show.
    locking.lock(session, visit.id)
    visit = visits.get_readable(session, actor, visit.id)
    if not visit.status.takes_place:
        raise VisitDidNotTakePlace
    return visit, rows.find(session, visit.id)


def _keep(
    session: Session,
    actor: Actor,
    visit: VisitRecord,
    notes: Notes,
    before: NotesRecord | None,
    *,
    number: int,
    as_of: datetime | None = None,
) -> NotesRecord:
    if before is not None and before.latest.notes == notes:
        return before
    record_id = _next(session, visit, notes, number)
    if record_id is None:
        # A new statement sees what others have committed, even in the same transaction.
        raise StaleNotes(rows.find(session, visit.id))
    latest = _add_version(session, actor, record_id, number + 1, notes, as_of=as_of)
    audit.record(
        session,
        actor,
        Action.RECORD_SAVE,
        patient_id=visit.patient_id,
        subject=("visit", visit.id),
        details={"version": latest.number},
    )
    return NotesRecord(record_id, visit.id, visit.patient_id, latest)


def _as_coded_before(notes: Notes, before: Notes) -> Notes:
    """Return the notes with each earlier diagnosis in the system that it had.

    The clinic may have another list by now, in which the same code means something
    else.
    """
    known = {(known.code, known.text): known for known in before.diagnoses}
    kept = (known.get((each.code, each.text), each) for each in notes.diagnoses)
    return replace(notes, diagnoses=tuple(kept))


def _next(
    session: Session, visit: VisitRecord, notes: Notes, number: int
) -> UUID | None:
    """Write the content that counts from now on; None if somebody else came first."""
    content = rows.content_of(notes)
    # Not now(): a check-in that the transaction waited for came before the notes.
    saved_at = func.clock_timestamp()
    if number == 0:
        return session.scalar(
            insert(MedicalRecord)
            .values(
                appointment_id=visit.id,
                patient_id=visit.patient_id,
                doctor_id=visit.doctor_id,
                content=content,
                updated_at=saved_at,
            )
            .on_conflict_do_nothing(index_elements=[MedicalRecord.appointment_id])
            .returning(MedicalRecord.id)
        )
    return session.scalar(
        update(MedicalRecord)
        .where(MedicalRecord.appointment_id == visit.id, MedicalRecord.number == number)
        .values(number=number + 1, content=content, updated_at=saved_at)
        .returning(MedicalRecord.id)
        .execution_options(synchronize_session=False)
    )


def _add_version(
    session: Session,
    actor: Actor,
    record_id: UUID,
    number: int,
    notes: Notes,
    *,
    as_of: datetime | None,
) -> NotesVersion:
    row = session.execute(
        insert(MedicalRecordVersion)
        .values(
            record_id=record_id,
            number=number,
            content=rows.content_of(notes),
            author_id=actor.id,
            author_name=actor.name,
            as_of=as_of,
        )
        .returning(*rows.VERSION_COLUMNS)
    ).one()
    return rows.version_of(row)
