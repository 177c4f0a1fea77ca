"""A patient's current medications, which follow what is prescribed."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy.orm import Session

from services.consultations.prescriptions.records import PrescriptionLine
from services.core.actors import Actor
from services.patients.records import patients
from services.patients.records.rules import MOST_ITEMS


def follow(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    *,
    started: Collection[PrescriptionLine] = (),
    stopped: Iterable[PrescriptionLine] = (),
) -> None:
    """List the drugs that are prescribed now, and those no longer that were.

    For a transaction that has locked the patient, who was found. Only what is written
    just as the prescription has it is taken from the list. An archived record stays as
    it is, and so does a list that is full: what is prescribed stands on its paper.
    """
    record = patients.look_up(session, actor, patient_id)
    before = record.current_medications
    goes_on = {line.drug.casefold() for line in started}
    ended = {line.drug.casefold() for line in stopped} - goes_on
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
