"""Recently registered patients who may have been on file before."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.patient import Patient
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.patients.duplicates import duplicates
from services.patients.duplicates.duplicates import DuplicateCandidate
from services.patients.duplicates.scores import LIKELY
from services.patients.records.model import PatientRecord
from services.patients.records.rows import COLUMNS, record_of

_LOOKED_AT: Final = 10


@dataclass(frozen=True, slots=True)
class NewDuplicate:
    """A new record, and the existing one that is most like it."""

    new: PatientRecord
    known: DuplicateCandidate


def list_new_duplicates(
    session: Session, actor: Actor, *, limit: int = 3
) -> tuple[NewDuplicate, ...]:
    """Return the last registrations that are likely duplicates, the newest first.

    Only a clinician's own registrations; raises NotAllowed.
    """
    actor.require(Permission.VIEW_PATIENT)
    newest = session.execute(
        select(*COLUMNS)
        .where(Patient.deleted_at.is_(None))
        .order_by(Patient.created_at.desc(), Patient.id.desc())
        .limit(_LOOKED_AT)
    )
    by_pair: dict[frozenset[object], NewDuplicate] = {}
    for new in map(record_of, newest.all()):
        for known in duplicates.find_candidates(session, new.draft(), excluding=new.id)[
            :1
        ]:
            if known.score >= LIKELY:
                pair = frozenset((new.id, known.patient.id))
                by_pair.setdefault(pair, NewDuplicate(new, known))
    shown = tuple(by_pair.values())[:limit]
    patient_ids = [
        patient_id
        for pair in shown
        for patient_id in (pair.new.id, pair.known.patient.id)
    ]
    audit.record(
        session,
        actor,
        Action.PATIENT_FIND_DUPLICATES,
        details={"patients": patient_ids},
    )
    return shown
