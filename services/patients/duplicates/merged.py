"""Which records others were merged into, for systems that keep copies of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from db.models.patient import PatientMerge


def has_absorbed(
    patient_id: InstrumentedAttribute[UUID], since: datetime
) -> ColumnElement[bool]:
    """Return whether another record was merged into a patient's after a time.

    The merge does not change what moves, but from then on it belongs to another
    patient.
    """
    merges = select(PatientMerge.kept_id).where(PatientMerge.merged_at > since)
    return patient_id.in_(merges)
