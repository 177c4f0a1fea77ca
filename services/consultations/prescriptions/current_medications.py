"""A patient's current medications, which follow what is prescribed."""

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

# What was prescribed longer ago was taken up since, or has been prescribed anew.
_STILL_TAKEN: Final = timedelta(days=60)


def follow(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    *,
    started: Collection[PrescriptionLine] = (),
    stopped: Iterable[PrescriptionLine] = (),
) -> None:
    """List the drugs that are prescribed now, and those no longer that were.

    For a transaction that has locked the patient, who was found, and in which what
    stopped counts no more. Only what is written just as the prescription has it is
    taken from the list, and what another prescription of the last two months has
    stays. An archived record stays as it is, and so does a list that is full: what is
    prescribed stands on its paper.
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
    """Yield what the patient's prescriptions have that count, whoever signed them."""
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
    # Another doctor's may not be the clinician's to see, and is taken all the same.
    with assume_role(session, "system"):
        for kept in session.scalars(statement).all():
            yield from map(rows.line_of, kept)
