"""Some days of the calendar, read in as many statements for one doctor as for many."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final, cast
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from db.models.booking import BookingSlot, Slot
from db.models.doctor import Doctor, ScheduleException
from services.core.actors import Actor, Permission
from services.lists.folding import by_name
from services.visits import newcomers
from services.visits.calendar.records import CalendarDoctor, CalendarPeriod
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord
from services.visits.newcomers import NewcomerRecord
from services.visits.schedule.plans import ExceptionKind, ExceptionRecord
from services.visits.schedule.slots.records import SlotRecord, SlotState
from services.visits.schedule.slots.taken import (
    HAS_ACTIVE_DOCTOR,
    IS_AHEAD,
    IS_OFFERED,
    LIVE,
)

_CLOSING: Final = (ExceptionKind.BLOCKED.value, ExceptionKind.HOLIDAY.value)
_IS_BOOKABLE: Final = Slot.origin != "proof"


def read_period(
    session: Session,
    actor: Actor,
    from_at: datetime,
    until_at: datetime,
    *,
    doctor_ids: Collection[UUID] = (),
    shown_before: Collection[UUID] | None = None,
) -> CalendarPeriod:
    """Return what the calendar shows of the time from `from_at` to `until_at`.

    For these doctors, or all who have slots in that time. A clinician gets the visits
    of their own patients and of their own list; an actor who may not see visits gets
    none. `shown_before` is as in `appointments.list_between`. Raises NotAllowed.
    """
    actor.require(Permission.VIEW_CALENDAR)
    span = (from_at, until_at)
    doctors = _doctors(session, span, doctor_ids)
    ids = [doctor.id for doctor in doctors]
    sees_whose = actor.may(Permission.VIEW_VISITS)
    visits = (
        appointments.list_between(
            session, actor, *span, doctor_ids=ids, shown_before=shown_before
        )
        if sees_whose
        else ()
    )
    unregistered = (
        newcomers.list_between(
            session, actor, *span, doctor_ids=ids, shown_before=shown_before
        )
        if sees_whose
        else ()
    )
    return CalendarPeriod(
        doctors,
        _slots(session, span, ids),
        visits,
        unregistered,
        _closures(session, actor, span, ids),
    )


def list_to_print(
    session: Session,
    actor: Actor,
    day: date,
    zone: tzinfo,
    *,
    doctor_ids: Collection[UUID] | None = None,
) -> tuple[tuple[VisitRecord, ...], tuple[NewcomerRecord, ...]]:
    """Return a day's visits in this zone for a list on paper, without cancelled ones.

    Those of people who are not registered yet are included. For these doctors, or all;
    a clinician gets those of `read_period`. That they were printed is recorded. Raises
    NotAllowed.
    """
    span = (
        datetime.combine(day, time.min, zone),
        datetime.combine(day + timedelta(days=1), time.min, zone),
    )
    visits = appointments.list_between(
        session, actor, *span, doctor_ids=doctor_ids, is_printed=True
    )
    return visits, newcomers.list_between(session, actor, *span, doctor_ids=doctor_ids)


def find_own_doctor(session: Session, actor: Actor) -> UUID | None:
    """Return the doctor whom the actor signs in as, if any; raises NotAllowed."""
    actor.require(Permission.VIEW_CALENDAR)
    return session.scalar(
        select(Doctor.id).where(Doctor.user_id == actor.id, Doctor.deleted_at.is_(None))
    )


def _doctors(
    session: Session,
    span: tuple[datetime, datetime],
    doctor_ids: Collection[UUID],
) -> tuple[CalendarDoctor, ...]:
    has_slots = (
        select(Slot.id)
        .where(Slot.doctor_id == Doctor.id, *_within(span), IS_OFFERED, _IS_BOOKABLE)
        .correlate(Doctor)
        .exists()
    )
    rows = session.execute(
        select(
            Doctor.id,
            Doctor.name,
            Doctor.speciality,
            Doctor.room,
        )
        .where(
            Doctor.deleted_at.is_(None),
            Doctor.id.in_(doctor_ids) if doctor_ids else has_slots,
        )
        .order_by(by_name(Doctor.name), Doctor.id)
    )
    return tuple(CalendarDoctor(*row) for row in rows)


def _slots(
    session: Session, span: tuple[datetime, datetime], ids: Collection[UUID]
) -> tuple[SlotRecord, ...]:
    state: SlotState = "free"
    is_taken = BookingSlot.slot_id.is_not(None)
    rows = session.execute(
        select(
            Slot.id,
            Slot.doctor_id,
            Slot.starts_at,
            Slot.ends_at,
            func.coalesce(BookingSlot.status, state),
            BookingSlot.expires_at,
            Slot.is_leaving,
        )
        .outerjoin(BookingSlot, and_(BookingSlot.slot_id == Slot.id, LIVE))
        .where(
            Slot.doctor_id.in_(ids),
            *_within(span),
            IS_OFFERED,
            _IS_BOOKABLE,
            # Of the past they show when the doctor worked.
            or_(is_taken, and_(~Slot.is_leaving, or_(~IS_AHEAD, HAS_ACTIVE_DOCTOR))),
        )
        .order_by(Slot.starts_at, Slot.id)
    )
    return tuple(
        SlotRecord(
            *row[:4], cast("SlotState", row[4]), held_until=row[5], is_leaving=row[6]
        )
        for row in rows
    )


def _closures(
    session: Session,
    actor: Actor,
    span: tuple[datetime, datetime],
    ids: Collection[UUID],
) -> tuple[ExceptionRecord, ...]:
    # Why a colleague is away is for those who plan; that they are, for all.
    tells_why = actor.may(Permission.MANAGE_DOCTORS)
    rows = session.execute(
        select(
            ScheduleException.id,
            ScheduleException.kind,
            ScheduleException.starts_at,
            ScheduleException.ends_at,
            ScheduleException.doctor_id,
            ScheduleException.reason,
        )
        .where(
            ScheduleException.deleted_at.is_(None),
            ScheduleException.kind.in_(_CLOSING),
            ScheduleException.starts_at < span[1],
            ScheduleException.ends_at > span[0],
            or_(
                ScheduleException.doctor_id.is_(None),
                ScheduleException.doctor_id.in_(ids),
            ),
        )
        .order_by(ScheduleException.starts_at, ScheduleException.id)
    )
    return tuple(
        ExceptionRecord(
            row[0], ExceptionKind(row[1]), *row[2:5], row[5] if tells_why else ""
        )
        for row in rows
    )


def _within(span: tuple[datetime, datetime]) -> tuple[ColumnElement[bool], ...]:
    return Slot.starts_at >= span[0], Slot.starts_at < span[1]
