"""Phoning patients to remind them of a visit: who was reached, and who was not yet.

Two people at the desk may work through one list: a call that one of them notes refuses
the other's, who has not seen it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.models.user import User
from db.postgres import assume_role
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict
from services.core.sentences import Sentence
from services.visits.front_desk.appointments.errors import WrongStatus
from services.visits.front_desk.appointments.reading import look_up, record_event
from services.visits.front_desk.appointments.records import (
    CallOutcome,
    VisitRecord,
    VisitStatus,
)
from services.visits.schedule import visit_changes

__all__ = [
    "CallOutcome",
    "PhonedMeanwhile",
    "note_call",
    "replay_call",
    "replay_removal",
    "undo_call",
]

_NOT_PHONED: Final = dict.fromkeys(
    ("phone_outcome", "phoned_by", "phoned_by_name", "phoned_at")
)
_SAID: Final = {
    CallOutcome.REACHED: "{who} has reached the patient in the meantime.",
    CallOutcome.NO_ANSWER: "{who} has phoned in the meantime; nobody answered.",
}


class PhonedMeanwhile(Conflict):
    """Somebody else noted a call, or took one back, after the screen was filled."""

    def __init__(self, visit: VisitRecord) -> None:
        super().__init__(
            Sentence(_SAID[visit.call.outcome], who=visit.call.by)
            if visit.call
            else "Somebody else has undone the note about this call."
        )
        self.visit = visit


def note_call(
    session: Session,
    actor: Actor,
    visit_id: UUID,
    outcome: CallOutcome,
    *,
    last_call_at: datetime | None,
) -> VisitRecord:
    """Note that the patient was phoned about a visit to come; the caller commits.

    `last_call_at` is the time of the last call that the actor knows of. Raises
    PhonedMeanwhile if there was another one, NoSuchVisit, WrongStatus, NotAllowed.
    """
    values = {
        "phone_outcome": outcome.value,
        "phoned_by": actor.id,
        "phoned_by_name": actor.name,
        "phoned_at": func.clock_timestamp(),
    }
    after = _change(
        session, actor, visit_id, last_call_at, values, wanted="reminded by phone"
    )
    record_event(session, actor, Action.VISIT_PHONE, after, outcome=outcome)
    return after


def undo_call(
    session: Session, actor: Actor, visit_id: UUID, *, last_call_at: datetime
) -> VisitRecord:
    """Take back the note of the last call; the caller commits.

    Raises what `note_call` raises.
    """
    after = _change(
        session,
        actor,
        visit_id,
        last_call_at,
        _NOT_PHONED,
        wanted="put back to not phoned",
    )
    record_event(session, actor, Action.VISIT_UNDO_PHONE, after)
    return after


def replay_call(
    session: Session, visit_id: UUID, outcome: str, *, by: UUID, at: datetime
) -> None:
    """Write back a call that only the audit log still has; the caller commits.

    For the background, after the clinic went back in time. A visit that is no longer to
    come keeps what it has.
    """
    name = select(User.name).where(User.id == by).scalar_subquery()
    values = {
        "phone_outcome": CallOutcome(outcome).value,
        "phoned_by": by,
        # A colleague let in after that time has no row with a name.
        "phoned_by_name": func.coalesce(name, "A colleague"),
        "phoned_at": at,
    }
    _replay(session, visit_id, values)


def replay_removal(session: Session, visit_id: UUID) -> None:
    """Remove a call from the rows that was taken back since.

    Otherwise like `replay_call`.
    """
    _replay(session, visit_id, _NOT_PHONED)


def _replay(session: Session, visit_id: UUID, values: Mapping[str, object]) -> None:
    session.execute(
        update(Appointment)
        .where(
            Appointment.id == visit_id,
            Appointment.status == VisitStatus.SCHEDULED.value,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _change(
    session: Session,
    actor: Actor,
    visit_id: UUID,
    last_call_at: datetime | None,
    values: Mapping[str, object],
    *,
    wanted: str,
) -> VisitRecord:
    actor.require(Permission.RUN_THE_DESK)
    # In the actor's own name, which decides whose visits they may change.
    look_up(session, actor, visit_id)
    # The revision stays: a call is no reason to refuse a check-in on another screen.
    statement = (
        update(Appointment)
        .where(
            Appointment.id == visit_id,
            Appointment.status == VisitStatus.SCHEDULED.value,
            Appointment.phoned_at.is_not_distinct_from(last_call_at),
        )
        .values(**values)
        .returning(Appointment.id)
        .execution_options(synchronize_session=False)
    )
    # Clinicians cannot write visits themselves: see db/migrations/rights/visits.py.
    with assume_role(session, "system"):
        changed = session.execute(statement).one_or_none()
    after = look_up(session, actor, visit_id)
    if changed is None:
        if after.status is not VisitStatus.SCHEDULED:
            raise WrongStatus(after, wanted)
        raise PhonedMeanwhile(after)
    visit_changes.announce_change(session)
    return after
