"""The patients' records: registered, read, changed, archived and restored."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.patient import Patient
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.patients.care import care
from services.patients.records import constraints
from services.patients.records.birth_dates import parse_date_of_birth
from services.patients.records.model import LISTS, PatientDraft, PatientRecord
from services.patients.records.refusals import (
    NoSuchPatient,
    NotArchived,
    PatientArchived,
    PatientErased,
    PatientIdTaken,
    StaleVersion,
)
from services.patients.records.rows import COLUMNS, record_of
from services.patients.records.rules import (
    UNREACHABLE,
    InvalidPatient,
    is_reachable,
    validate,
)
from services.patients.records.writing import Change, write_version

__all__ = [
    "COLUMNS",
    "Change",
    "InvalidPatient",
    "NoSuchPatient",
    "NotArchived",
    "PatientArchived",
    "PatientErased",
    "PatientIdTaken",
    "StaleVersion",
    "archive",
    "change",
    "edit",
    "find_imported",
    "find_numbered",
    "get_patient",
    "is_reachable",
    "look_up",
    "parse_date_of_birth",
    "permission_to_stream",
    "record_change",
    "record_of",
    "register",
    "restore",
    "revive",
    "validate",
    "values_of",
]


def get_patient(session: Session, actor: Actor, patient_id: UUID) -> PatientRecord:
    """Return the patient, archived or not, or raise NotFound.

    Patients see their own record and do not learn whether others exist.
    """
    record = look_up(session, actor, patient_id)
    audit.record_patient(session, actor, Action.PATIENT_READ, record.id, record.version)
    return record


def look_up(session: Session, actor: Actor, patient_id: UUID) -> PatientRecord:
    """Return the patient to another service, which records what it does with it."""
    if actor.role is Role.PATIENT:
        actor.require(Permission.VIEW_OWN_RECORD, patient_id)
        if actor.patient_id != patient_id:
            raise NoSuchPatient(patient_id)
    else:
        actor.require(Permission.VIEW_PATIENT, patient_id)
    record = _get(session, patient_id)
    if record.erased_at:
        raise PatientErased
    return record


def find_imported(
    session: Session, actor: Actor, source: str, source_id: str
) -> UUID | None:
    """Return the patient with this id in an import; None if the actor sees none.

    Raises NotAllowed.
    """
    is_it = and_(Patient.source == source, Patient.source_id == source_id)
    return _find_one(session, actor, is_it)


def find_numbered(session: Session, actor: Actor, record_number: str) -> UUID | None:
    """Return the patient with this record number; None if the actor sees none.

    That of a merged record is the merged one's. Raises NotAllowed.
    """
    return _find_one(session, actor, Patient.record_number == record_number)


def _find_one(
    session: Session, actor: Actor, is_it: ColumnElement[bool]
) -> UUID | None:
    actor.require(Permission.LIST_PATIENTS)
    actor.require(Permission.VIEW_NAMES)
    return session.scalar(select(Patient.id).where(is_it))


def permission_to_stream(actor: Actor) -> Permission:
    """Return the permission needed, beside EXPORT_PATIENTS, to get all records."""
    is_analyst = actor.role is Role.ANALYST
    return Permission.EXPORT_NAMES if is_analyst else Permission.VIEW_PATIENT


def register(
    session: Session,
    actor: Actor,
    draft: PatientDraft,
    *,
    today: date,
    patient_id: UUID | None = None,
) -> PatientRecord:
    """Store a new patient, or raise InvalidPatient; the caller commits.

    A clinician treats whom they register. A caller that chooses the id may safely call
    again with the same data and gets the existing record. With other data it gets
    PatientIdTaken, because a form that forgot to draw a new id must not swallow the
    next patient.
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
    # Until somebody treats the new patient, a clinician's own role could read neither
    # the row that it has just written nor the existing one.
    with assume_role(session, "staff"):
        with constraints.translate_violations(session):
            row = session.execute(statement).one_or_none()
        if row is None:
            existing = _get(session, values["id"])
            if existing.draft() != draft:
                raise PatientIdTaken
            return existing
        kept = record_of(row)
        if actor.role is Role.CLINICIAN:
            care.begin(session, kept.id, actor.id, by=actor)
    changed = audit.differences(None, kept.draft())
    audit.record_patient(
        session, actor, Action.PATIENT_REGISTER, kept.id, kept.version, changed=changed
    )
    return kept


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

    All fields are replaced: what the draft leaves out is emptied, except for the last
    way to reach the patient. Raises InvalidPatient, StaleVersion, PatientArchived or
    NotFound.
    """
    actor.require(Permission.EDIT_PATIENT, patient_id)
    draft = _validated_edit(session, patient_id, draft, today)
    made = change(session, patient_id, values_of(draft), version=version, typed=draft)
    record_change(session, actor, made)
    return made.after


def archive(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    *,
    version: int,
    reason: str | None = None,
) -> PatientRecord:
    """Archive a record without losing it; the caller commits.

    A reason goes into the audit log. Raises StaleVersion, PatientArchived or NotFound.
    """
    actor.require(Permission.ARCHIVE_PATIENT, patient_id)
    values = {"deleted_at": func.now(), "deleted_by": actor.id}
    archived = change(session, patient_id, values, version=version).after
    audit.record(
        session,
        actor,
        Action.PATIENT_ARCHIVE,
        patient_id=archived.id,
        reason=reason,
        details={"version": archived.version},
    )
    return archived


def restore(
    session: Session, actor: Actor, patient_id: UUID, *, version: int
) -> PatientRecord:
    """Restore an archived record; the caller commits.

    Raises StaleVersion, NotArchived or NotFound, and PatientArchived for a record that
    was merged: its visits belong to the other one now, so it cannot be used on its own.
    """
    actor.require(Permission.ARCHIVE_PATIENT, patient_id)
    restored = revive(session, patient_id, {}, version=version).after
    audit.record_patient(
        session, actor, Action.PATIENT_RESTORE, restored.id, restored.version
    )
    return restored


def revive(
    session: Session, patient_id: UUID, values: Mapping[str, Any], *, version: int
) -> Change:
    """Restore an archived record with these column values; for other services.

    Checks no permission and records nothing. Raises as `restore` does.
    """
    is_restorable = and_(
        Patient.deleted_at.is_not(None),
        Patient.merged_into_id.is_(None),
        Patient.erased_at.is_(None),
    )
    unarchived = {**values, "deleted_at": None, "deleted_by": None}
    revived = write_version(session, patient_id, version, is_restorable, unarchived)
    if revived is not None:
        return revived
    current = _get(session, patient_id)
    if current.erased_at:
        raise PatientErased
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
) -> Change:
    """Write columns of one version of a record in daily use; for other services.

    Checks no permission and records nothing. Raises StaleVersion, PatientArchived or
    NotFound.
    """
    is_in_use = Patient.deleted_at.is_(None)
    changed = write_version(session, patient_id, version, is_in_use, values)
    if changed is not None:
        return changed
    current = _get(session, patient_id)
    if current.erased_at:
        raise PatientErased
    if current.is_archived:
        raise PatientArchived(current)
    raise StaleVersion(current, typed)


def record_change(session: Session, actor: Actor, made: Change) -> None:
    """Record which fields of a record somebody has changed; for other services."""
    audit.record_patient(
        session,
        actor,
        Action.PATIENT_CHANGE,
        made.after.id,
        made.after.version,
        changed=audit.differences(made.before.draft(), made.after.draft()),
    )


def values_of(draft: PatientDraft) -> dict[str, Any]:
    """Return a draft as values for the columns of the patients table."""
    lists = {name: list(getattr(draft, name)) for name in LISTS}
    return asdict(draft) | lists | {"sex": draft.sex.value}


def _validated_edit(
    session: Session, patient_id: UUID, draft: PatientDraft, today: date
) -> PatientDraft:
    try:
        return validate(draft, today, needs_contact=True)
    except InvalidPatient as refusal:
        if UNREACHABLE not in refusal.problems:
            raise
        if is_reachable(_get(session, patient_id)):
            raise
        # Imported without contact data: everything else that is wrong can still be
        # corrected.
        return validate(draft, today)


def _get(session: Session, patient_id: UUID) -> PatientRecord:
    row = session.execute(
        select(*COLUMNS).where(Patient.id == patient_id)
    ).one_or_none()
    if row is None:
        raise NoSuchPatient(patient_id)
    return record_of(row)
