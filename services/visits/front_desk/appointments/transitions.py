"""Transitions of a visit: the patient comes, is seen, or does not come."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, literal, true, update
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.models.consultation import MedicalRecord, Prescription
from db.postgres import assume_role
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.visits.front_desk.appointments import locking
from services.visits.front_desk.appointments.errors import (
    StaleVisit,
    StepNotPossible,
    WrongStatus,
)
from services.visits.front_desk.appointments.reading import look_up, record_event
from services.visits.front_desk.appointments.records import (
    HALF_A_DAY,
    VisitRecord,
    VisitStatus,
)
from services.visits.front_desk.appointments.rows import STATUS
from services.visits.schedule import visit_changes

# How a status is stored that the previous release does not know.
_KEPT: Final = {VisitStatus.IN_ROOM: VisitStatus.CHECKED_IN}
_HALF_A_DAY: Final = literal(HALF_A_DAY)


@dataclass(frozen=True, slots=True, eq=False)
class _Transition:
    """A step from one status to another, its condition, and the refusal otherwise."""

    action: Action
    wanted: str
    before: frozenset[VisitStatus]
    after: VisitStatus
    values: Mapping[str, Any]
    is_possible: ColumnElement[bool] | None = None
    otherwise: str = ""
    # Whether the condition reads rows other than the visit's, which somebody may be
    # writing: a statement that waits for them does not see them yet.
    looks_elsewhere: bool = False


# Not by calendar day, which for a visit after midnight would end before the patient
# comes.
_CHECK_IN: Final = _Transition(
    action=Action.VISIT_CHECK_IN,
    wanted="checked in",
    # A patient who was given up may come late after all.
    before=frozenset({VisitStatus.SCHEDULED, VisitStatus.NO_SHOW}),
    after=VisitStatus.CHECKED_IN,
    values=MappingProxyType(
        {"checked_in_at": func.clock_timestamp(), "called_in_at": None}
    ),
    is_possible=func.clock_timestamp().between(
        Appointment.starts_at - _HALF_A_DAY, Appointment.ends_at + _HALF_A_DAY
    ),
    otherwise=(
        "This visit is not today: patients are checked in from twelve hours before "
        "their visit until twelve hours after it."
    ),
)
# Notes about a visit or a prescription at it mean that the patient was there, but for
# notes prepared before the check-in.
_UNDO_CHECK_IN: Final = _Transition(
    action=Action.VISIT_UNDO_CHECK_IN,
    wanted="put back to scheduled",
    before=frozenset({VisitStatus.CHECKED_IN}),
    after=VisitStatus.SCHEDULED,
    values=MappingProxyType({"checked_in_at": None, "called_in_at": None}),
    is_possible=~exists().where(
        MedicalRecord.appointment_id == Appointment.id,
        MedicalRecord.updated_at >= Appointment.checked_in_at,
    )
    & ~exists().where(Prescription.appointment_id == Appointment.id),
    otherwise=(
        "Notes or a prescription were written at this visit, so the patient was there. "
        "Mark it as completed instead."
    ),
    looks_elsewhere=True,
)
_CALL_IN: Final = _Transition(
    action=Action.VISIT_CALL_IN,
    wanted="called in",
    before=frozenset({VisitStatus.CHECKED_IN}),
    after=VisitStatus.IN_ROOM,
    values=MappingProxyType({"called_in_at": func.clock_timestamp()}),
)
_UNDO_CALL_IN: Final = _Transition(
    action=Action.VISIT_UNDO_CALL_IN,
    wanted="sent back to the waiting room",
    before=frozenset({VisitStatus.IN_ROOM}),
    after=VisitStatus.CHECKED_IN,
    values=MappingProxyType({"called_in_at": None}),
)
_COMPLETE: Final = _Transition(
    action=Action.VISIT_COMPLETE,
    wanted="completed",
    # A patient who was not called in can still be completed: not every clinic calls in.
    before=frozenset({VisitStatus.CHECKED_IN, VisitStatus.IN_ROOM}),
    after=VisitStatus.COMPLETED,
    values=MappingProxyType({"completed_at": func.clock_timestamp()}),
)
_REOPEN: Final = _Transition(
    action=Action.VISIT_REOPEN,
    wanted="opened again",
    before=frozenset({VisitStatus.COMPLETED}),
    after=VisitStatus.CHECKED_IN,
    values=MappingProxyType({"completed_at": None}),
    is_possible=Appointment.completed_at > func.clock_timestamp() - _HALF_A_DAY,
    otherwise="This visit was completed more than twelve hours ago and stays so.",
)
_MISS: Final = _Transition(
    action=Action.VISIT_MISS,
    wanted="marked as missed",
    before=frozenset({VisitStatus.SCHEDULED}),
    after=VisitStatus.NO_SHOW,
    values=MappingProxyType({}),
    is_possible=Appointment.starts_at < func.clock_timestamp(),
    otherwise="This visit has not begun yet, so the patient may still come.",
)


def check_in(
    session: Session, actor: Actor, visit_id: UUID, *, revision: int | None = None
) -> VisitRecord:
    """Record that the patient is there and waits; the caller commits.

    Raises NoSuchVisit, WrongStatus, StepNotPossible, StaleVisit, NotAllowed.
    """
    return _do(session, actor, visit_id, revision, _CHECK_IN)


def undo_check_in(
    session: Session, actor: Actor, visit_id: UUID, *, revision: int | None = None
) -> VisitRecord:
    """Put a visit checked in by mistake back to scheduled; the caller commits.

    Raises NoSuchVisit, WrongStatus, StepNotPossible once something was written at the
    visit, StaleVisit, NotAllowed.
    """
    return _do(session, actor, visit_id, revision, _UNDO_CHECK_IN)


def call_in(
    session: Session, actor: Actor, visit_id: UUID, *, revision: int | None = None
) -> VisitRecord:
    """Record that the patient is in the room; the caller commits.

    Raises NoSuchVisit, WrongStatus, StaleVisit, NotAllowed.
    """
    return _do(session, actor, visit_id, revision, _CALL_IN)


def undo_call_in(
    session: Session, actor: Actor, visit_id: UUID, *, revision: int | None = None
) -> VisitRecord:
    """Send the patient back to waiting, since the check-in; the caller commits.

    Raises NoSuchVisit, WrongStatus, StaleVisit, NotAllowed.
    """
    return _do(session, actor, visit_id, revision, _UNDO_CALL_IN)


def complete(
    session: Session, actor: Actor, visit_id: UUID, *, revision: int | None = None
) -> VisitRecord:
    """Record that the visit is over; the caller commits.

    Raises NoSuchVisit, WrongStatus, StaleVisit, NotAllowed.
    """
    return _do(session, actor, visit_id, revision, _COMPLETE)


def reopen(
    session: Session, actor: Actor, visit_id: UUID, *, revision: int | None = None
) -> VisitRecord:
    """Reopen a visit that was completed by mistake; the caller commits.

    The patient is where they were before, in the waiting room or with the doctor.

    Raises NoSuchVisit, WrongStatus, StepNotPossible twelve hours later, StaleVisit,
    NotAllowed.
    """
    return _do(session, actor, visit_id, revision, _REOPEN)


def miss(
    session: Session, actor: Actor, visit_id: UUID, *, revision: int | None = None
) -> VisitRecord:
    """Record that the patient did not come; the caller commits.

    Raises NoSuchVisit, WrongStatus, StepNotPossible, StaleVisit, NotAllowed.
    """
    return _do(session, actor, visit_id, revision, _MISS)


def _do(
    session: Session,
    actor: Actor,
    visit_id: UUID,
    revision: int | None,
    transition: _Transition,
) -> VisitRecord:
    actor.require(Permission.RUN_THE_DESK)
    # In the actor's own name, which decides whose visits they may change.
    before = look_up(session, actor, visit_id)
    if transition.looks_elsewhere:
        locking.lock(session, visit_id)
    # Clinicians cannot write visits themselves: see db/migrations/rights/visits.py.
    with assume_role(session, "system"):
        changed = session.execute(
            _statement(visit_id, revision, transition)
        ).one_or_none()
    after = look_up(session, actor, visit_id)
    if changed is None:
        _refuse(after, revision, transition)
    visit_changes.announce_change(session)
    record_event(session, actor, transition.action, after, before=before.status)
    return after


def _statement(visit_id: UUID, revision: int | None, transition: _Transition) -> Any:
    """Change the visit in one statement, so that of two desks one changes no row."""
    return (
        update(Appointment)
        .where(
            Appointment.id == visit_id,
            STATUS.in_(sorted(transition.before)),
            Appointment.revision == revision if revision else true(),
            true() if transition.is_possible is None else transition.is_possible,
        )
        .values(
            **transition.values,
            status=_KEPT.get(transition.after, transition.after).value,
            revision=Appointment.revision + 1,
            updated_at=func.now(),
        )
        .returning(Appointment.id)
        .execution_options(synchronize_session=False)
    )


def _refuse(visit: VisitRecord, revision: int | None, transition: _Transition) -> None:
    if visit.status not in transition.before:
        raise WrongStatus(visit, transition.wanted)
    if revision is not None and visit.revision != revision:
        raise StaleVisit(visit)
    raise StepNotPossible(visit, transition.otherwise)
