"""Patients kept from being merged or archived while something is filed under them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.patient import Patient
from services.patients.records import rows
from services.patients.records.model import PatientRecord
from services.patients.records.refusals import NoSuchPatient, PatientArchived


def lock(session: Session, patient_id: UUID) -> PatientRecord:
    """Keep the patient as it is until the transaction ends; for other services.

    Checks no permission; locking takes a role that may change patients. Raises
    NoSuchPatient, PatientArchived.
    """
    statement = (
        select(*rows.COLUMNS)
        .where(Patient.id == patient_id)
        .with_for_update(read=True, key_share=True, of=Patient)
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NoSuchPatient(patient_id)
    current = rows.record_of(row)
    if current.is_archived:
        raise PatientArchived(current)
    return current
