"""Copying an earlier record back into today; sessions write to the primary."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.core import audit, reasons
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.patients.records import patients
from services.patients.records.model import PatientDraft, PatientRecord
from services.patients.records.patients import (
    NoSuchPatient,
    PatientArchived,
    StaleVersion,
)


@dataclass(frozen=True, slots=True)
class RecordCopy:
    """The values a record is to have, as of when, and why.

    `version` is the version of today's record that was seen; None if there was none.
    """

    patient_id: UUID
    draft: PatientDraft
    version: int | None
    as_of: datetime | None
    reason: str


def copy_back(
    session: Session, actor: Actor, copy: RecordCopy, *, today: date
) -> PatientRecord:
    """Give a record its earlier values; the caller commits.

    A record archived since then is restored, one that no longer exists is registered
    again under its id. Raises InvalidInput, InvalidPatient, StaleVersion, NotAllowed,
    and PatientArchived for a record merged since then.
    """
    actor.require(Permission.COPY_BACK, copy.patient_id)
    reason = reasons.read(copy.reason)
    try:
        current = patients.look_up(session, actor, copy.patient_id)
    except NoSuchPatient:
        current = None
    if current is None:
        copied = patients.register(
            session, actor, copy.draft, today=today, patient_id=copy.patient_id
        )
    else:
        copied = _brought_back(session, current, copy, today)
    before = current.draft() if current else None
    audit.record(
        session,
        actor,
        Action.POINT_IN_TIME_COPY,
        patient_id=copy.patient_id,
        reason=reason,
        details={
            "version": copied.version,
            "as_of": copy.as_of and copy.as_of.isoformat(),
            "changed": audit.differences(before, copied.draft()),
            "was_archived": bool(current and current.is_archived),
            "was_gone": current is None,
        },
    )
    return copied


def _brought_back(
    session: Session, current: PatientRecord, copy: RecordCopy, today: date
) -> PatientRecord:
    if current.merged_into_id:
        raise PatientArchived(current)
    draft = patients.validate(copy.draft, today)
    if current.version != copy.version:
        raise StaleVersion(current, draft)
    values = patients.values_of(draft)
    version = current.version
    if current.is_archived:
        return patients.revive(session, current.id, values, version=version).after
    if current.draft() == draft:
        return current
    return patients.change(session, current.id, values, version=version).after
