"""Records that are kept for some time although theirs is over, for a reason."""

from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.patient import ErasurePostponement, Patient
from db.postgres import assume_role
from services.core import audit, reasons
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput
from services.core.sentences import Sentence

LONGEST_YEARS: Final = 30
_DAYS_OF_YEAR: Final = 365.25


class NothingToErase(Conflict):
    """The record is in use again, or was erased meanwhile."""

    def __init__(self) -> None:
        super().__init__(
            "This record is no longer archived: it was restored or erased in the "
            "meantime. There is nothing to postpone."
        )


def postpone(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    *,
    until: date,
    reason: str,
    today: date,
) -> None:
    """Keep an archived record until a day; the caller commits.

    This replaces any earlier postponement of the record. Raises InvalidInput,
    NothingToErase and NotAllowed.
    """
    actor.require(Permission.MANAGE_RETENTION, patient_id)
    reason = reasons.read(reason)
    if not 0 < (until - today).days <= LONGEST_YEARS * _DAYS_OF_YEAR:
        raise InvalidInput(
            "until",
            Sentence(
                "Postpone it to a day after today, within {years} years.",
                years=LONGEST_YEARS,
            ),
        )
    values = {"until": until, "reason": reason, "postponed_by": actor.id}
    with assume_role(session, "system"):
        archived = select(Patient.id).where(
            Patient.id == patient_id,
            Patient.deleted_at.is_not(None),
            Patient.merged_into_id.is_(None),
            Patient.erased_at.is_(None),
        )
        # Waits for an erasure in progress, which came first.
        if session.scalar(archived.with_for_update(key_share=True)) is None:
            raise NothingToErase
        session.execute(
            insert(ErasurePostponement)
            .values(patient_id=patient_id, **values)
            .on_conflict_do_update(
                index_elements=[ErasurePostponement.patient_id],
                set_=values | {"postponed_at": func.now()},
            )
        )
    audit.record(
        session,
        actor,
        Action.PATIENT_POSTPONE_ERASURE,
        patient_id=patient_id,
        reason=reason,
        details={"until": until},
    )
