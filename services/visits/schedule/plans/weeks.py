"""A doctor's weekly plan: read, and replaced as a whole."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, get_args
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from db.models.doctor import Doctor, WorkingHours
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict
from services.core.sentences import Sentence
from services.core.weekdays import WEEKDAYS
from services.visits.schedule.plans.errors import InvalidWeek, NoSuchDoctor
from services.visits.schedule.plans.planning import apply_plans
from services.visits.schedule.plans.records import (
    Calendar,
    Hours,
    HoursKind,
    PlanResult,
)

_KINDS: Final[dict[str, HoursKind]] = {kind: kind for kind in get_args(HoursKind)}


class WeekChanged(Conflict):
    """Somebody else changed the week first."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody else changed this week in the meantime. Check what it says now, "
            "then change it again; nothing was changed."
        )


def get_week(session: Session, actor: Actor, doctor_id: UUID) -> tuple[Hours, ...]:
    """Return the doctor's weekly plan in the order of the week; raises NotAllowed."""
    actor.require(Permission.VIEW_DOCTORS)
    return _week(session, doctor_id)


def change_week(
    session: Session,
    actor: Actor,
    doctor_id: UUID,
    hours: Sequence[Hours],
    calendar: Calendar,
    *,
    seen: Sequence[Hours] | None = None,
) -> PlanResult:
    """Replace the doctor's weekly plan, and the slots with it; the caller commits.

    With `seen`, only if the week is still the one that was seen. Raises InvalidWeek,
    WeekChanged, NotFound, NotAllowed.
    """
    actor.require(Permission.MANAGE_DOCTORS)
    wanted = tuple(sorted(set(hours)))
    check_week(wanted)
    lock_doctor(session, doctor_id)
    before = _week(session, doctor_id)
    if seen is not None and before not in (tuple(seen), wanted):
        raise WeekChanged
    if before != wanted:
        replace_week(session, doctor_id, wanted)
        audit.record(
            session,
            actor,
            Action.SCHEDULE_CHANGE,
            subject=("doctor", doctor_id),
            details={"week": [_words(before), _words(wanted)]},
        )
    return apply_plans(session, actor, [doctor_id], calendar)


def replace_week(session: Session, doctor_id: UUID, hours: Iterable[Hours]) -> None:
    """Replace a doctor's stored hours; for other services."""
    session.execute(delete(WorkingHours).where(WorkingHours.doctor_id == doctor_id))
    rows = [
        {
            "doctor_id": doctor_id,
            "weekday": stretch.weekday,
            "kind": stretch.kind,
            "starts_at": stretch.starts_at,
            "ends_at": stretch.ends_at,
        }
        for stretch in hours
    ]
    if rows:
        session.execute(insert(WorkingHours), rows)


def check_week(hours: Sequence[Hours]) -> None:
    """Raise InvalidWeek unless the stretches are possible and do not overlap."""
    for stretch in hours:
        if stretch.ends_at <= stretch.starts_at:
            raise InvalidWeek(
                Sentence(
                    "{day}: {end} is not after {begin}. Correct one of them.",
                    day=_day_of(stretch),
                    end=f"{stretch.ends_at:%H:%M}",
                    begin=f"{stretch.starts_at:%H:%M}",
                )
            )
        if stretch.kind == "break" and not any(
            _holds(other, stretch) for other in hours
        ):
            raise InvalidWeek(
                Sentence(
                    "{day}: the break from {begin} is outside the working hours. "
                    "Correct one of them.",
                    day=_day_of(stretch),
                    begin=f"{stretch.starts_at:%H:%M}",
                )
            )
    by_kind = sorted(
        hours, key=lambda stretch: (stretch.kind, stretch.weekday, stretch.starts_at)
    )
    for stretch, following in pairwise(by_kind):
        is_same_day = (stretch.kind, stretch.weekday) == (
            following.kind,
            following.weekday,
        )
        if is_same_day and following.starts_at < stretch.ends_at:
            raise InvalidWeek(
                Sentence(
                    "{day}: what begins at {begin} overlaps with what ends at {end}. "
                    "Make one of them shorter.",
                    day=_day_of(stretch),
                    begin=f"{following.starts_at:%H:%M}",
                    end=f"{stretch.ends_at:%H:%M}",
                )
            )


def lock_doctor(session: Session, doctor_id: UUID) -> None:
    """Lock the doctor and the plan against other changes, or raise NoSuchDoctor.

    Bookings go on.
    """
    working = select(Doctor.id).where(
        Doctor.id == doctor_id, Doctor.deleted_at.is_(None)
    )
    if session.scalar(working.with_for_update(key_share=True)) is None:
        raise NoSuchDoctor


def _week(session: Session, doctor_id: UUID) -> tuple[Hours, ...]:
    rows = session.execute(
        select(
            WorkingHours.weekday,
            WorkingHours.starts_at,
            WorkingHours.ends_at,
            WorkingHours.kind,
        ).where(WorkingHours.doctor_id == doctor_id)
    )
    return tuple(sorted(Hours(*row[:3], _KINDS[row[3]]) for row in rows))


def _holds(outer: Hours, inner: Hours) -> bool:
    return (
        outer.kind == "work"
        and outer.weekday == inner.weekday
        and outer.starts_at <= inner.starts_at
        and inner.ends_at <= outer.ends_at
    )


def _day_of(stretch: Hours) -> Sentence:
    return Sentence(WEEKDAYS[stretch.weekday - 1])


def _words(hours: Iterable[Hours]) -> list[str]:
    return [
        f"{WEEKDAYS[stretch.weekday - 1][:3]} "
        f"{stretch.starts_at:%H:%M}-{stretch.ends_at:%H:%M} {stretch.kind}"
        for stretch in hours
    ]
