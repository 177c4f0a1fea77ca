"""How a patient's current medications follow what is prescribed."""

from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.consultation import Prescription, PrescriptionVersion
from db.postgres import assume_role
from services.consultations.prescriptions import rows
from services.consultations.prescriptions.records import (
    PrescriptionLine,
    PrescriptionStatus,
)
from services.core.actors import Actor
from services.patients.records import patients
from services.patients.records.rules import MOST_ITEMS

# Drugs prescribed longer ago have been used up since, or were prescribed again.
_STILL_TAKEN: Final = timedelta(days=60)


def update_current_medications(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    *,
    started: Collection[PrescriptionLine] = (),
    stopped: Iterable[PrescriptionLine],
) -> None:
    """Add the drugs that are now prescribed, and remove those that were stopped.

    For a transaction that has locked the patient, whose record exists, and in which the
    stopped lines no longer count. A drug is removed only if the list has exactly the
    prescription's words, and stays if another prescription of the last two months has
    it. An archived record is not changed, and neither is a list that is full: what is
    prescribed is on its paper.
    """
    record = patients.look_up(session, actor, patient_id)
    before = record.current_medications
    ended = _names(stopped) - _names(started)
    if ended:
        ended -= _names(_counting(session, patient_id))
    kept = [drug for drug in before if drug.casefold() not in ended]
    known = {drug.casefold() for drug in kept}
    after = [
        *kept,
        *dict.fromkeys(
            line.drug for line in started if line.drug.casefold() not in known
        ),
    ]
    if record.is_archived or tuple(after) == before or len(after) > MOST_ITEMS:
        return
    made = patients.change(
        session, patient_id, {"current_medications": after}, version=record.version
    )
    patients.record_change(session, actor, made)


def _names(lines: Iterable[PrescriptionLine]) -> set[str]:
    return {line.drug.casefold() for line in lines}


def _counting(session: Session, patient_id: UUID) -> Iterator[PrescriptionLine]:
    """Yield lines of the patient's valid prescriptions, whoever signed them."""
    statement = (
        select(PrescriptionVersion.lines)
        .join(
            Prescription,
            (Prescription.id == PrescriptionVersion.prescription_id)
            & (Prescription.latest == PrescriptionVersion.number),
        )
        .where(
            Prescription.patient_id == patient_id,
            Prescription.status == PrescriptionStatus.ISSUED.value,
            Prescription.created_at > func.now() - _STILL_TAKEN,
        )
    )
    # The clinician may not see another doctor's prescription, but its drug is still
    # taken.
    with assume_role(session, "system"):
        for kept in session.scalars(statement).all():
            yield from map(rows.line_of, kept)
