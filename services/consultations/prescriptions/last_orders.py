"""How a clinician last prescribed a drug, so that they need not type it again.

Whose prescription it was is neither read nor shown, so nobody's record is read.
"""

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.consultation import Prescription, PrescriptionVersion
from services.consultations.prescriptions.records import (
    PrescriptionLine,
    PrescriptionStatus,
)
from services.core.actors import Actor, Permission

_TAKEN: Final = ("dose", "frequency", "duration", "quantity")


def find_last(session: Session, actor: Actor, drug: str) -> PrescriptionLine | None:
    """Return dose, frequency, duration and quantity as the actor last issued them.

    None if they have never prescribed a drug with exactly this name; withdrawn
    prescriptions do not count. Raises NotAllowed.
    """
    actor.require(Permission.PRESCRIBE)
    statement = (
        select(PrescriptionVersion.lines)
        .join(Prescription, Prescription.id == PrescriptionVersion.prescription_id)
        .where(
            PrescriptionVersion.author_id == actor.id,
            PrescriptionVersion.number == Prescription.latest,
            PrescriptionVersion.lines.contains([{"drug": drug}]),
            Prescription.status == PrescriptionStatus.ISSUED.value,
        )
        .order_by(PrescriptionVersion.created_at.desc(), PrescriptionVersion.id.desc())
        .limit(1)
    )
    lines = session.scalar(statement) or ()
    for line in lines:
        if line["drug"] == drug:
            return PrescriptionLine(
                drug, **{name: line.get(name, "") for name in _TAKEN}
            )
    return None
