"""Moving and cancelling with the link from the e-mail, without an account."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.models.booking import Newcomer
from db.postgres import assume_role
from services.core.audit import Action
from services.visits.booking import bookings
from services.visits.booking.bookings.errors import TooLateToCancel
from services.visits.front_desk import notifications
from services.visits.front_desk.notifications import NotificationKind
from services.visits.newcomers import claiming
from services.visits.newcomers.errors import NewcomerOver, SlotGone
from services.visits.newcomers.reading import NOW, look_up
from services.visits.newcomers.records import NewcomerRecord, NewcomerStatus


def cancel(
    session: Session, newcomer_id: UUID, *, notice_hours: float
) -> NewcomerRecord:
    """Give the visit back, until `notice_hours` before it; the caller commits.

    A cancelled visit is returned unchanged. Raises NoSuchNewcomer, NewcomerOver,
    TooLateToCancel.
    """
    with assume_role(session, "system"):
        before = claiming.lock(session, newcomer_id)
        if before.status is NewcomerStatus.CANCELLED:
            return before
        _require_changeable(session, before, notice_hours)
        after = claiming.cancel(session, before)
    claiming.record_event(session, None, Action.NEWCOMER_CANCEL, after)
    return after


def move(
    session: Session, newcomer_id: UUID, slot_id: UUID, *, notice_hours: float
) -> NewcomerRecord:
    """Move the visit to another time, in one step; the caller commits.

    A visit that is at that time already stays. Raises NoSuchNewcomer, NewcomerOver,
    TooLateToCancel, NotOffered, SlotGone.
    """
    with assume_role(session, "system"):
        before = claiming.lock(session, newcomer_id)
        if before.slot_id == slot_id and before.status is NewcomerStatus.CONFIRMED:
            return before
        _require_changeable(session, before, notice_hours)
        doctor_id = claiming.lock_offered(session, slot_id)
        # The old time is given up first, since nobody has two; if the new one is gone,
        # all of this is rolled back.
        claiming.release_slot(session, newcomer_id)
        if not claiming.claim(session, slot_id, newcomer_id, seconds=None):
            raise SlotGone
        session.execute(
            update(Newcomer)
            .where(Newcomer.id == newcomer_id)
            .values(
                slot_id=slot_id, doctor_id=doctor_id, revision=Newcomer.revision + 1
            )
            .execution_options(synchronize_session=False)
        )
        notifications.write_to_newcomer(
            session, NotificationKind.MOVED, newcomer_id, before=before.starts_at
        )
        bookings.offer(session, before.slot_id)
        after = look_up(session, Newcomer.id == newcomer_id)
    claiming.record_event(
        session, None, Action.NEWCOMER_MOVE, after, replaced=before.slot_id
    )
    return after


def _require_changeable(
    session: Session, newcomer: NewcomerRecord, hours: float
) -> None:
    if newcomer.status is not NewcomerStatus.CONFIRMED:
        raise NewcomerOver(newcomer)
    left = session.scalars(select(newcomer.starts_at - NOW)).one()
    if left < timedelta(hours=hours):
        raise TooLateToCancel(hours)
