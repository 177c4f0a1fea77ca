"""The patients of the demo's clinician: most of the invented ones, but not all."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.core import audit
from services.core.audit import Action

# A practice's worth of patients, however many there are.
_NUMBERED_BELOW: Final = 3_000
_GIVE: Final = text("""
INSERT INTO care_relationships (clinician_id, patient_id, created_at)
SELECT clinician.id, patient.id, patient.created_at
FROM users AS clinician, patients AS patient
WHERE clinician.is_demo AND clinician.role = 'clinician'
    AND clinician.deactivated_at IS NULL AND patient.deleted_at IS NULL
    AND (
        patient.source = 'demo'
        OR patient.source = :source AND patient.source_id < :below
            AND right(patient.source_id, 1) IN ('0', '1', '2', '4', '5', '7')
    )
    AND NOT EXISTS (
        SELECT FROM care_relationships AS known
        WHERE known.clinician_id = clinician.id AND known.patient_id = patient.id
    )
RETURNING clinician_id
""")


def ensure_demo_care(session: Session, *, seed_number: int = 1) -> int:
    """Give the demo's clinician their patients; return how many were new.

    A treatment that somebody has ended is not resumed. The caller commits.
    """
    given = {"source": f"seed {seed_number}", "below": f"{_NUMBERED_BELOW:08}"}
    clinicians = session.scalars(_GIVE, given).all()
    if clinicians:
        audit.record(
            session,
            None,
            Action.CARE_ASSIGN,
            subject=("user", clinicians[0]),
            details={"source": given["source"], "new": len(clinicians)},
        )
    return len(clinicians)
