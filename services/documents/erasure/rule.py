"""The rule by which archived patients are erased, as an administrator sets it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    and_,
    func,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session

from db.models.patient import Patient, PatientRetention
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput
from services.core.sentences import Sentence
from services.people.sign_in import confirmations

MOST_YEARS: Final = 100
# For this long after a change of the rule nothing is erased: who typed 1 for 10 can
# still correct it.
SECOND_THOUGHTS: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ErasureRule:
    """After how many years in the archive a record is erased; None means never."""

    years: int | None
    updated_at: datetime


class ErasureRuleChanged(Conflict):
    """Another administrator changed the rule meanwhile."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody else changed this rule for archived patients in the meantime. "
            "Check what it says now, then change it again; nothing was changed."
        )


def find_rule(session: Session) -> ErasureRule:
    """Return the rule as it is now; for other services and jobs."""
    years, updated_at = session.execute(
        select(PatientRetention.erase_after_years, PatientRetention.updated_at)
    ).one()
    return ErasureRule(years, updated_at)


def change_rule(
    session: Session,
    actor: Actor,
    seen: ErasureRule,
    *,
    years: int | None,
    session_id: UUID | None,
) -> None:
    """Have archived records erased after `years`, or never; the caller commits.

    The rule takes effect a week later. Raises NotConfirmed, InvalidInput,
    ErasureRuleChanged and NotAllowed.
    """
    actor.require(Permission.MANAGE_RETENTION)
    confirmations.require_passkey(session, actor, session_id)
    if years is not None and not 1 <= years <= MOST_YEARS:
        raise InvalidInput(
            "years",
            Sentence(
                "Archived patients can be kept for 1 to {most} years. Enter a number "
                "of years, or 0 to erase nobody.",
                most=MOST_YEARS,
            ),
        )
    if years == seen.years:
        return
    changed = session.execute(
        update(PatientRetention)
        .where(PatientRetention.updated_at == seen.updated_at)
        .values(erase_after_years=years, updated_by=actor.id, updated_at=func.now())
        .returning(PatientRetention.id)
    ).all()
    if not changed:
        raise ErasureRuleChanged
    audit.record(
        session,
        actor,
        Action.RETENTION_CHANGE,
        subject=("retention", "patients"),
        details={"changed": {"erase_after_years": [seen.years, years]}},
    )


def ends_at() -> ColumnElement[datetime]:
    """Return when the time of a patient is over; the rule has to be joined."""
    archived_at = type_coerce(Patient.deleted_at, DateTime(timezone=True))
    return archived_at + func.make_interval(PatientRetention.erase_after_years)


def ended(ahead: timedelta = timedelta()) -> ColumnElement[bool]:
    """Select archived records whose time is over, now or within `ahead`.

    A merged record goes with the one that was kept. Where nobody is to be erased the
    interval is null, and no row matches.
    """
    until = func.now() + ahead
    return and_(
        Patient.deleted_at.is_not(None),
        Patient.merged_into_id.is_(None),
        Patient.erased_at.is_(None),
        ends_at() <= until,
        PatientRetention.updated_at + SECOND_THOUGHTS <= until,
    )
