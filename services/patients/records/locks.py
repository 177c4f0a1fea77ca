"""Locks that keep a patient, or the set of patients, unchanged for a transaction."""

from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.patient import Patient
from services.patients.records import rows
from services.patients.records.model import PatientRecord
from services.patients.records.refusals import NoSuchPatient, PatientArchived

_REGISTRATION: Final = func.pg_advisory_xact_lock(
    func.hashtext("chartroom.registration")
)


def lock_registration(session: Session) -> None:
    """Serialize with others who register a patient only if there is none yet.

    Until the transaction ends, no other one of them looks, so that of two which send
    the same patient the second finds the first's record.
    """
    session.execute(select(_REGISTRATION))


def lock(session: Session, patient_id: UUID) -> PatientRecord:
    """Keep the patient unchanged until the transaction ends; for other services.

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
