"""Which records others were merged into, for copies and drafts of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.models.patient import Patient, PatientMerge
from db.postgres import assume_role


def has_absorbed(
    patient_id: InstrumentedAttribute[UUID], since: datetime
) -> ColumnElement[bool]:
    """Return whether another record was merged into a patient's after a time.

    The merge does not change what moves, but from then on it belongs to another
    patient.
    """
    merges = select(PatientMerge.kept_id).where(PatientMerge.merged_at > since)
    return patient_id.in_(merges)


def list_merged_ids(session: Session, patient_id: UUID) -> frozenset[UUID]:
    """Return which records were merged into a patient's; for other services and pages.

    Checks no permission: nothing but ids is read, also those of archived records that
    the actor may not open.
    """
    merged = select(Patient.id).where(Patient.merged_into_id == patient_id)
    with assume_role(session, "system"):
        return frozenset(session.scalars(merged))
