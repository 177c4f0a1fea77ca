"""The patients' records: registered, read, changed, archived and restored."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models import Patient
from services import patient_constraints
from services.actors import Actor, Permission, Role
from services.birth_dates import parse_date_of_birth
from services.errors import Conflict, NotFound
from services.patient_records import PatientDraft, PatientRecord
from services.patient_rows import COLUMNS, record_of
from services.patient_rules import InvalidPatient, Problem, validate

__all__ = [
    "COLUMNS",
    "IdTaken",
    "InvalidPatient",
    "NoSuchPatient",
    "NotArchived",
    "PatientArchived",
    "Problem",
    "StaleVersion",
    "archive",
    "change",
    "edit",
    "get_patient",
    "parse_date_of_birth",
    "record_of",
    "register",
    "restore",
    "validate",
    "values_of",
]


class NoSuchPatient(NotFound):
    """There is no patient with the id, or the actor may not know of them."""

    def __init__(self) -> None:
        super().__init__(
            "There is no such patient; search for the name or the date of birth."
        )


class StaleVersion(Conflict):
    """The record changed after the screen was filled; carries both versions.

    `typed` is what the person wanted to save; None where nothing was typed.
    """

    def __init__(self, current: PatientRecord, typed: PatientDraft | None) -> None:
        super().__init__(
            "Somebody else changed this record in the meantime. "
            "Compare what is there now with what you wanted, then save again."
        )
        self.current = current
        self.typed = typed


class PatientArchived(Conflict):
    """The record is out of use; if it was merged, `current.merged_into_id` is set."""

    def __init__(self, current: PatientRecord) -> None:
        super().__init__(
            "This record was merged into another one; go on with that one."
            if current.merged_into_id
            else "This record is archived; restore it first."
        )
        self.current = current


class NotArchived(Conflict):
    """There is nothing to restore."""

    def __init__(self) -> None:
        super().__init__("This record is not archived; you can use it as it is.")


class IdTaken(Conflict):
    """The id that came with a registration belongs to a record with other data."""

    def __init__(self) -> None:
        super().__init__(
            "Another record already has this id; register again with a new one."
        )


def get_patient(session: Session, actor: Actor, patient_id: UUID) -> PatientRecord:
    """Return the patient, archived or not, or raise NotFound.

    Patients see their own record; that others exist is not told to them.
    """
    if actor.role is Role.PATIENT:
        actor.require(Permission.VIEW_OWN_RECORD)
        if actor.patient_id != patient_id:
            raise NoSuchPatient
    else:
        actor.require(Permission.VIEW_PATIENT)
    return _get(session, patient_id)


def register(
    session: Session,
    actor: Actor,
    draft: PatientDraft,
    *,
    today: date,
    patient_id: UUID | None = None,
) -> PatientRecord:
    """Keep a new patient, or raise InvalidPatient; the caller commits.

    A caller that chooses the id may safely call again with the same data: it gets the
    record that is there. With other data it gets IdTaken, because a form that forgot
    to draw a new id must not swallow the next patient.
    """
    actor.require(Permission.REGISTER_PATIENT)
    draft = validate(draft, today, needs_contact=True)
    values = values_of(draft) | ({"id": patient_id} if patient_id else {})
    statement = (
        insert(Patient)
        .values(values)
        .on_conflict_do_nothing(index_elements=[Patient.id])
        .returning(*COLUMNS)
    )
    with patient_constraints.explained(session):
        row = session.execute(statement).one_or_none()
    if row is not None:
        return record_of(row)
    existing = _get(session, values["id"])
    if existing.draft() != draft:
        raise IdTaken
    return existing


def edit(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    draft: PatientDraft,
    *,
    version: int,
    today: date,
) -> PatientRecord:
    """Replace the fields of the version that was read; the caller commits.

    Raises InvalidPatient, StaleVersion, PatientArchived or NotFound.
    """
    actor.require(Permission.EDIT_PATIENT)
    draft = validate(draft, today)
    return change(session, patient_id, values_of(draft), version=version, typed=draft)


def archive(
    session: Session, actor: Actor, patient_id: UUID, *, version: int
) -> PatientRecord:
    """Take a record out of daily use without losing it; the caller commits.

    Raises StaleVersion, PatientArchived or NotFound.
    """
    actor.require(Permission.ARCHIVE_PATIENT)
    values = {"deleted_at": func.now(), "deleted_by": actor.id}
    return change(session, patient_id, values, version=version)


def restore(
    session: Session, actor: Actor, patient_id: UUID, *, version: int
) -> PatientRecord:
    """Bring an archived record back; the caller commits.

    Raises StaleVersion, NotArchived or NotFound, and PatientArchived for a record that
    was merged: its visits belong to the other one now, so it cannot stand alone again.
    """
    actor.require(Permission.ARCHIVE_PATIENT)
    is_restorable = and_(
        Patient.deleted_at.is_not(None), Patient.merged_into_id.is_(None)
    )
    values = {"deleted_at": None, "deleted_by": None}
    restored = _write(session, patient_id, version, is_restorable, values)
    if restored is not None:
        return restored
    current = _get(session, patient_id)
    if current.merged_into_id:
        raise PatientArchived(current)
    raise StaleVersion(current, None) if current.is_archived else NotArchived


def change(
    session: Session,
    patient_id: UUID,
    values: Mapping[str, Any],
    *,
    version: int,
    typed: PatientDraft | None = None,
) -> PatientRecord:
    """Write columns of one version of a record in daily use; for other services.

    Checks no permission; raises StaleVersion, PatientArchived or NotFound.
    """
    is_in_use = Patient.deleted_at.is_(None)
    changed = _write(session, patient_id, version, is_in_use, values)
    if changed is not None:
        return changed
    current = _get(session, patient_id)
    if current.is_archived:
        raise PatientArchived(current)
    raise StaleVersion(current, typed)


def values_of(draft: PatientDraft) -> dict[str, Any]:
    """Return a draft as values for the columns of the patients table."""
    return asdict(draft) | {
        "sex": draft.sex.value,
        "allergies": list(draft.allergies),
        "medical_history": list(draft.medical_history),
        "current_medications": list(draft.current_medications),
    }


def _write(
    session: Session,
    patient_id: UUID,
    version: int,
    condition: ColumnElement[bool],
    values: Mapping[str, Any],
) -> PatientRecord | None:
    """Make the next version in one statement, so that of two writers one finds none."""
    statement = (
        update(Patient)
        .where(Patient.id == patient_id, Patient.version == version, condition)
        .values(**values, version=Patient.version + 1, updated_at=func.now())
        .returning(*COLUMNS)
        .execution_options(synchronize_session=False)
    )
    with patient_constraints.explained(session):
        row = session.execute(statement).one_or_none()
    return None if row is None else record_of(row)


def _get(session: Session, patient_id: UUID) -> PatientRecord:
    row = session.execute(
        select(*COLUMNS).where(Patient.id == patient_id)
    ).one_or_none()
    if row is None:
        raise NoSuchPatient
    return record_of(row)
