"""What an erasure leaves of visits: when, with which doctor, and how they ended."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.files.gridfs import Bucket
from db.models.booking import Appointment, Booking, VisitNotification
from db.models.care import BreakGlassAccess
from db.models.consultation import (
    MedicalRecord,
    MedicalRecordVersion,
    Prescription,
    PrescriptionScan,
    PrescriptionVersion,
)
from services.documents.integrity import pending_deletions

# At least as long as the database requires a reason to be.
_NO_REASON: Final = "Erased with the record"


def forget(session: Session, ids: Sequence[UUID]) -> Mapping[str, int]:
    """Empty the texts of visits, and delete notes, prescriptions and letters.

    Returns how many there were of each. For the erasure, whose role may do this.
    """
    visits = session.scalar(select(func.count()).where(Appointment.patient_id.in_(ids)))
    notes = _delete_notes(session, ids)
    prescriptions = _delete_prescriptions(session, ids)
    session.execute(
        delete(VisitNotification).where(VisitNotification.patient_id.in_(ids))
    )
    session.execute(
        update(Booking)
        .where(Booking.patient_id.in_(ids))
        .values(note="", override_reason=None)
    )
    session.execute(
        update(Appointment)
        .where(Appointment.patient_id.in_(ids))
        .values(cancelled_because=None)
    )
    _forget_reasons(session, ids)
    return {"visits": visits or 0, "notes": notes, "prescriptions": prescriptions}


def _delete_notes(session: Session, ids: Sequence[UUID]) -> int:
    of_these = select(MedicalRecord.id).where(MedicalRecord.patient_id.in_(ids))
    session.execute(
        delete(MedicalRecordVersion).where(MedicalRecordVersion.record_id.in_(of_these))
    )
    gone = delete(MedicalRecord).where(MedicalRecord.patient_id.in_(ids))
    return len(session.scalars(gone.returning(MedicalRecord.id)).all())


def _delete_prescriptions(session: Session, ids: Sequence[UUID]) -> int:
    """Delete prescriptions; their signed files become pending deletions.

    The scans of their papers are documents, which have been purged by now.
    """
    of_these = select(Prescription.id).where(Prescription.patient_id.in_(ids))
    session.execute(
        delete(PrescriptionScan).where(PrescriptionScan.prescription_id.in_(of_these))
    )
    versions = delete(PrescriptionVersion).where(
        PrescriptionVersion.prescription_id.in_(of_these)
    )
    files = session.scalars(versions.returning(PrescriptionVersion.file_id)).all()
    pending_deletions.add_purged(session, Bucket.PRESCRIPTION_FILES, set(files))
    gone = delete(Prescription).where(Prescription.patient_id.in_(ids))
    return len(session.scalars(gone.returning(Prescription.id)).all())


def _forget_reasons(session: Session, ids: Sequence[UUID]) -> None:
    """Keep who opened the record in an emergency, and not the reason they gave."""
    accesses = update(BreakGlassAccess).where(BreakGlassAccess.patient_id.in_(ids))
    session.execute(accesses.values(reason=_NO_REASON))
    session.execute(
        accesses.where(BreakGlassAccess.review.is_not(None)).values(review=_NO_REASON)
    )
