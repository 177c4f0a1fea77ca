"""People who book and are not patients yet, and bookings made older than they are."""

from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.booking import BookingSlot, Newcomer, Slot
from services.visits import newcomers
from services.visits.newcomers import NewcomerRecord, NewcomerRequest

CODE = "123456"
KEY = "the server's own key"
NAME = "Nora Newman"
EMAIL = "nora.newman@example.org"


def wanting(slot_id: UUID, **values) -> NewcomerRequest:
    return NewcomerRequest(
        **{"slot_id": slot_id, "name": NAME, "email": EMAIL, "attempt": uuid4()}
        | values
    )


def hold(session: Session, slot_id: UUID, **values) -> NewcomerRecord:
    """Hold the slot, or raise SlotGone."""
    request = wanting(slot_id, **values)
    newcomer, _ = newcomers.hold(session, request, CODE, key=KEY)
    return newcomers.require_held(newcomer)


def confirm(session: Session, newcomer_id: UUID, code: str = CODE) -> NewcomerRecord:
    """Type the code, or raise WrongCode."""
    return newcomers.require_confirmed(
        newcomers.confirm(session, newcomer_id, code, key=KEY)
    )


def book(session: Session, slot_id: UUID, **values) -> NewcomerRecord:
    return confirm(session, hold(session, slot_id, **values).id)


def let_pass(session: Session, newcomer_id: UUID, seconds: float = 601) -> None:
    """Make the hold this much older."""
    earlier = timedelta(seconds=seconds)
    for table, key in ((BookingSlot, BookingSlot.newcomer_id), (Newcomer, Newcomer.id)):
        session.execute(
            update(table)
            .where(key == newcomer_id)
            .values(expires_at=table.expires_at - earlier)
            .execution_options(synchronize_session=False)
        )


def let_visit_pass(session: Session, newcomer_id: UUID, *, days: int) -> None:
    """Move the visit into the past by this many days."""
    slot_id = select(Newcomer.slot_id).where(Newcomer.id == newcomer_id)
    over = func.now() - timedelta(days=days)
    session.execute(
        update(Slot)
        .where(Slot.id == slot_id.scalar_subquery())
        .values(starts_at=over - timedelta(minutes=20), ends_at=over)
        .execution_options(synchronize_session=False)
    )


def status_of(session: Session, newcomer_id: UUID) -> str | None:
    return session.scalar(select(Newcomer.status).where(Newcomer.id == newcomer_id))


def taken_by(session: Session, slot_id: UUID) -> UUID | None:
    """Return the newcomer who has the slot, if any."""
    return session.scalar(
        select(BookingSlot.newcomer_id).where(BookingSlot.slot_id == slot_id)
    )
