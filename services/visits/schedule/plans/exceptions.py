"""Holidays, special hours, blocked times: previewed, added, listed, removed."""

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from db.models.booking import Slot
from db.models.doctor import Doctor, ScheduleException
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.core.typed_text import read_line
from services.visits.schedule.lengths import require_plausible_year
from services.visits.schedule.plans.errors import NoSuchException
from services.visits.schedule.plans.planning import apply_plans
from services.visits.schedule.plans.records import (
    Calendar,
    ExceptionDraft,
    ExceptionKind,
    ExceptionRecord,
    PlanResult,
    VisitToMove,
)
from services.visits.schedule.plans.visits import list_visits_of_slots
from services.visits.schedule.plans.weeks import lock_doctor

LONGEST: Final = timedelta(days=366)
# Past midnight, but not through a night: only the first day's plan is replaced, and
# until the end there would be slots at all hours.
_LONGEST_HOURS: Final = timedelta(days=1)
_COLUMNS: Final = (
    ScheduleException.id,
    ScheduleException.kind,
    ScheduleException.starts_at,
    ScheduleException.ends_at,
    ScheduleException.doctor_id,
    ScheduleException.reason,
)


def list_exceptions(
    session: Session, actor: Actor, doctor_id: UUID | None
) -> tuple[ExceptionRecord, ...]:
    """Return the exceptions not over yet, the earliest first; raises NotAllowed.

    For a doctor, the clinic's own are included; without a doctor only the clinic's.
    """
    actor.require(Permission.MANAGE_DOCTORS)
    rows = session.execute(
        select(*_COLUMNS)
        .where(
            _concerns(doctor_id),
            ScheduleException.deleted_at.is_(None),
            ScheduleException.ends_at > func.clock_timestamp(),
        )
        .order_by(ScheduleException.starts_at, ScheduleException.id)
    )
    exceptions = tuple(
        ExceptionRecord(row[0], ExceptionKind(row[1]), *row[2:]) for row in rows
    )
    audit.record(
        session,
        actor,
        Action.SCHEDULE_READ,
        subject=("doctor", doctor_id) if doctor_id else None,
        details={"exceptions": len(exceptions)},
    )
    return exceptions


def add_exception(
    session: Session, actor: Actor, exception: ExceptionDraft, calendar: Calendar
) -> PlanResult:
    """Store the exception, and adapt the slots to the new plan.

    The result is what the exception did to them. Visits in a time that is closed stay,
    to be moved: `preview_exception` returns them beforehand. The caller commits.
    Raises InvalidInput, NotFound, NotAllowed.
    """
    actor.require(Permission.MANAGE_DOCTORS)
    reason = _checked(exception)
    now = session.scalars(select(func.clock_timestamp())).one()
    if exception.ends_at <= now:
        raise InvalidInput("ends_at", "This time has passed; choose a later end.")
    require_plausible_year("ends_at", exception.ends_at)
    if exception.doctor_id is not None:
        lock_doctor(session, exception.doctor_id)
    kept = ScheduleException(
        doctor_id=exception.doctor_id,
        kind=exception.kind.value,
        starts_at=exception.starts_at,
        ends_at=exception.ends_at,
        reason=reason,
        created_by=actor.id,
    )
    session.add(kept)
    session.flush()
    _record(
        session, actor, kept.id, exception.doctor_id, {exception.kind.value: "added"}
    )
    result = apply_plans(
        session, actor, _doctors(session, exception.doctor_id), calendar
    )
    # A closed time adds none: these are of a new last day of the calendar.
    return result if exception.kind is ExceptionKind.HOURS else replace(result, added=0)


def remove_exception(
    session: Session, actor: Actor, exception_id: UUID, calendar: Calendar
) -> PlanResult:
    """Remove the exception, and adapt the slots to the plan.

    The caller commits. Raises NoSuchException, NotAllowed.
    """
    actor.require(Permission.MANAGE_DOCTORS)
    removed = session.execute(
        update(ScheduleException)
        .where(
            ScheduleException.id == exception_id,
            ScheduleException.deleted_at.is_(None),
        )
        .values(deleted_at=func.now(), deleted_by=actor.id)
        .returning(ScheduleException.doctor_id, ScheduleException.kind)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if removed is None:
        raise NoSuchException
    _record(session, actor, exception_id, removed.doctor_id, {removed.kind: "removed"})
    return apply_plans(session, actor, _doctors(session, removed.doctor_id), calendar)


def _checked(draft: ExceptionDraft) -> str:
    """Return the reason as it is kept, or raise InvalidInput."""
    if draft.ends_at <= draft.starts_at:
        raise InvalidInput("ends_at", "The end is not after the beginning; correct it.")
    lasting = draft.ends_at - draft.starts_at
    if lasting > LONGEST:
        raise InvalidInput("ends_at", "This is longer than a year; split it.")
    if draft.kind is ExceptionKind.HOURS and draft.doctor_id is None:
        raise InvalidInput(
            "doctor_id", "Special hours are for one doctor; choose which."
        )
    if draft.kind is ExceptionKind.HOURS and lasting > _LONGEST_HOURS:
        raise InvalidInput(
            "ends_at", "Special hours are for one day; add each day by itself."
        )
    return read_line("reason", draft.reason, draft.LONGEST_REASON)


def _concerns(doctor_id: UUID | None) -> ColumnElement[bool]:
    is_clinics: ColumnElement[bool] = ScheduleException.doctor_id.is_(None)
    if doctor_id is None:
        return is_clinics
    return or_(is_clinics, ScheduleException.doctor_id == doctor_id)


def _doctors(session: Session, doctor_id: UUID | None) -> list[UUID]:
    """Return the doctors whose plans it changes: one, or all."""
    if doctor_id is not None:
        return [doctor_id]
    return list(session.scalars(select(Doctor.id).where(Doctor.deleted_at.is_(None))))


def _record(
    session: Session,
    actor: Actor,
    exception_id: UUID,
    doctor_id: UUID | None,
    details: dict[str, str],
) -> None:
    audit.record(
        session,
        actor,
        Action.SCHEDULE_CHANGE,
        subject=("doctor", doctor_id) if doctor_id else ("clinic", "all"),
        details=details | {"exception": exception_id},
    )


def preview_exception(
    session: Session, actor: Actor, exception: ExceptionDraft, calendar: Calendar
) -> tuple[VisitToMove, ...]:
    """Return the visits that would have to be moved; the plan stays as it is.

    The exception is added and rolled back, so that its effect is defined in one place
    only. The caller commits the audit record. Raises InvalidInput, NotFound,
    NotAllowed.
    """
    trial = session.begin_nested()
    try:
        before = _leaving(session, exception.doctor_id)
        add_exception(session, actor, exception, calendar)
        left = _leaving(session, exception.doctor_id) - before
    finally:
        trial.rollback()
    return list_visits_of_slots(session, actor, left)


def _leaving(session: Session, doctor_id: UUID | None) -> set[UUID]:
    leaving = select(Slot.id).where(Slot.is_leaving)
    if doctor_id is not None:
        leaving = leaving.where(Slot.doctor_id == doctor_id)
    return set(session.scalars(leaving))
