"""Earlier visits compared with today's; sessions read from the live clinic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.booking import Appointment, Booking
from db.postgres import assume_role
from services.core.actors import Actor, Permission
from services.visits.front_desk.appointments import VisitRecord, VisitStatus
from services.visits.front_desk.appointments.rows import visit_of, visits


class VisitChange(StrEnum):
    """What has become of a visit since then."""

    SAME = "same"
    ENDED = "in another state"
    MOVED = "moved"
    CANCELLED = "cancelled"
    REBOOKED = "booked again"
    GONE = "gone"


class RestoreAction(StrEnum):
    """How a visit is brought back."""

    BOOK = "booked again"
    MOVE = "moved back"
    STATUS = "set back"


@dataclass(frozen=True, slots=True)
class VisitComparison:
    """A visit as of then, and as it is today unless it is gone.

    `moved_to` is the visit that has replaced it since, perhaps at the same time.
    """

    then: VisitRecord
    today: VisitRecord | None
    moved_to: VisitRecord | None

    @property
    def current(self) -> VisitRecord | None:
        """The visit that the patient has today: its replacement, or itself."""
        return self.moved_to or self.today

    @property
    def change(self) -> VisitChange:
        """What has become of it; of several changes, the most serious."""
        then, today, moved_to = self.then, self.today, self.moved_to
        if moved_to is not None and _place_of(moved_to) == _place_of(then):
            return VisitChange.REBOOKED
        if today is None:
            return VisitChange.GONE
        if today.status is VisitStatus.CANCELLED is not then.status:
            return VisitChange.MOVED if moved_to else VisitChange.CANCELLED
        if today.status is not then.status:
            return VisitChange.ENDED
        is_moved = _place_of(today) != _place_of(then)
        return VisitChange.MOVED if is_moved else VisitChange.SAME

    def restore_action(self, now: datetime) -> RestoreAction | None:
        """Return how the visit can be brought back; None if it cannot.

        Only a visit that is still ahead is booked again, and a state is corrected only
        as long as the desk could correct it.
        """
        current = self.current
        is_ahead = (
            self.then.status is VisitStatus.SCHEDULED and self.then.starts_at > now
        )
        match self.change:
            case VisitChange.GONE | VisitChange.CANCELLED if is_ahead:
                return RestoreAction.BOOK
            case VisitChange.MOVED if is_ahead and current and _is_expected(current):
                return RestoreAction.MOVE
            case VisitChange.ENDED if current and _is_corrected(
                self.then, current, now
            ):
                return RestoreAction.STATUS
            case _:
                return None


def compare_today(
    session: Session, actor: Actor, of_then: Sequence[VisitRecord]
) -> tuple[VisitComparison, ...]:
    """Return earlier visits beside today's, in their order.

    Visits that the actor may not see today are left out. Raises NotAllowed.
    """
    actor.require(Permission.COPY_BACK)
    actor.require(Permission.VIEW_VISITS)
    is_one = Appointment.id.in_([each.id for each in of_then])
    rows = session.execute(visits().where(is_one))
    today = {each.id: each for each in map(visit_of, rows)}
    # A visit that is hidden from the actor must not be taken for gone.
    with assume_role(session, "system"):
        there = set(session.scalars(select(Appointment.id).where(is_one)))
    moved = {
        **_list_moved(session, tuple(today.values())),
        **_list_rebooked(session, of_then),
    }
    return tuple(
        VisitComparison(each, today.get(each.id), moved.get(each.id))
        for each in of_then
        if each.id in today or each.id not in there
    )


def _list_moved(
    session: Session, today: Sequence[VisitRecord]
) -> Mapping[UUID, VisitRecord]:
    """Return the visits that have replaced others, by the ids of the others."""
    after = _bookings_after(session, {each.patient_id for each in today})
    last = {each.id: _follow(each.booking_id, after) for each in today}
    taken = Appointment.booking_id.in_(list(last.values()))
    is_kept = Appointment.status != VisitStatus.CANCELLED.value
    rows = session.execute(visits().where(taken, is_kept))
    by_booking = {each.booking_id: each for each in map(visit_of, rows)}
    return {
        each.id: by_booking[last[each.id]]
        for each in today
        if last[each.id] != each.booking_id and last[each.id] in by_booking
    }


def _list_rebooked(
    session: Session, of_then: Sequence[VisitRecord]
) -> Mapping[UUID, VisitRecord]:
    """Return other visits with a visit's patient, doctor and time, by its id."""
    rows = session.execute(
        visits().where(
            Appointment.patient_id.in_({each.patient_id for each in of_then}),
            Appointment.starts_at.in_({each.starts_at for each in of_then}),
            Appointment.status != VisitStatus.CANCELLED.value,
        )
    )
    kept = [visit_of(row) for row in rows]
    return {
        each.id: visit
        for each in of_then
        for visit in kept
        if visit.id != each.id
        and visit.patient_id == each.patient_id
        and _place_of(visit) == _place_of(each)
    }


def _bookings_after(session: Session, patient_ids: set[UUID]) -> Mapping[UUID, UUID]:
    """Return which booking replaced which, by the id of the replaced one."""
    rows = session.execute(
        select(Booking.replaces_id, Booking.id)
        .where(
            Booking.patient_id.in_(patient_ids),
            Booking.replaces_id.is_not(None),
            Booking.confirmed_at.is_not(None),
        )
        .order_by(Booking.confirmed_at, Booking.id)
    )
    return {replaced: booking_id for replaced, booking_id in rows if replaced}


def _follow(booking_id: UUID, after: Mapping[UUID, UUID]) -> UUID:
    while booking_id in after:
        booking_id = after[booking_id]
    return booking_id


def _place_of(visit: VisitRecord) -> tuple[object, ...]:
    return visit.doctor_id, visit.starts_at, visit.ends_at


def _is_expected(visit: VisitRecord) -> bool:
    return visit.status is VisitStatus.SCHEDULED


def _is_corrected(then: VisitRecord, today: VisitRecord, now: datetime) -> bool:
    return then.status is not VisitStatus.CANCELLED and today.is_corrected_at(now)
