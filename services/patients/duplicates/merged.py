"""Which records others were merged into, for whoever keeps copies of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from db.models.patient import PatientMerge


def has_taken_over(
    patient_id: InstrumentedAttribute[UUID], since: datetime
) -> ColumnElement[bool]:
    """Return whether a patient's record was given what was in another after a time.

    What moved is not changed by that, but is another patient's from then on.
    """
    merges = select(PatientMerge.kept_id).where(PatientMerge.merged_at > since)
    return patient_id.in_(merges)
