"""Confirming: the code that was sent to the address makes a hold a visit."""

import hmac
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from db.models.booking import Newcomer, Slot
from db.postgres import assume_role
from services.core.audit import Action
from services.people.sign_in import codes
from services.visits.booking import bookings
from services.visits.front_desk import notifications
from services.visits.front_desk.notifications import NotificationKind
from services.visits.newcomers import claiming
from services.visits.newcomers.errors import (
    HoldOver,
    TooManyVisits,
    WrongCode,
)
from services.visits.newcomers.reading import NOW, look_up
from services.visits.newcomers.records import NewcomerRecord, NewcomerStatus
from services.visits.schedule import visit_changes

# As many as somebody books for a family.
MOST_VISITS: Final = 3
_IN_TURN: Final = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('newcomer ' || :address, 0))"
)
_BOOK: Final = text("""
UPDATE booking_slots SET status = 'booked', expires_at = NULL
WHERE newcomer_id = :newcomer_id AND status = 'held'
    AND expires_at > clock_timestamp()
RETURNING slot_id
""")


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The result of a code; `is_new` if it was this one that confirmed the booking."""

    newcomer: NewcomerRecord
    tries_left: int = 0
    is_right: bool = True
    is_new: bool = False


def confirm(
    session: Session, newcomer_id: UUID, code: str, *, key: str
) -> Confirmation:
    """Try a code; the right one makes the hold a visit, and writes to the address.

    The caller commits, even after a wrong code, then calls `require_confirmed`. A
    booking confirmed with this code stays so. Raises NoSuchNewcomer, HoldOver,
    TooManyVisits.
    """
    with assume_role(session, "system"):
        newcomer = claiming.lock(session, newcomer_id)
        if newcomer.status not in {NewcomerStatus.PENDING, NewcomerStatus.CONFIRMED}:
            raise HoldOver
        tries_left, is_right = _try(session, newcomer_id, code, key)
        if not is_right:
            return _refuse(session, newcomer, tries_left)
        if newcomer.status is NewcomerStatus.CONFIRMED:
            return Confirmation(newcomer)
        _require_room_for_more(session, newcomer)
        if session.execute(_BOOK, {"newcomer_id": newcomer_id}).one_or_none() is None:
            raise HoldOver
        session.execute(
            update(Newcomer)
            .where(Newcomer.id == newcomer_id)
            .values(
                status=NewcomerStatus.CONFIRMED.value,
                confirmed_at=NOW,
                revision=Newcomer.revision + 1,
            )
            .execution_options(synchronize_session=False)
        )
        visit_changes.announce_change(session)
        notifications.write_to_newcomer(
            session, NotificationKind.CONFIRMED, newcomer_id
        )
        confirmed = look_up(session, Newcomer.id == newcomer_id)
    claiming.record_event(session, None, Action.NEWCOMER_CONFIRM, confirmed)
    return Confirmation(confirmed, is_new=True)


def require_confirmed(confirmation: Confirmation) -> NewcomerRecord:
    """Return the confirmed booking, or raise WrongCode."""
    if not confirmation.is_right:
        raise WrongCode(confirmation.tries_left)
    return confirmation.newcomer


def _try(session: Session, newcomer_id: UUID, code: str, key: str) -> tuple[int, bool]:
    """Count the try; return how many are left, and whether the code is right.

    The row is locked, so concurrent requests get no more tries than successive ones.
    """
    salt, expected, tries = session.execute(
        select(Newcomer.salt, Newcomer.code_hash, Newcomer.tries).where(
            Newcomer.id == newcomer_id
        )
    ).one()
    if tries >= codes.TRIES:
        return 0, False
    session.execute(
        update(Newcomer)
        .where(Newcomer.id == newcomer_id)
        .values(tries=tries + 1)
        .execution_options(synchronize_session=False)
    )
    typed = codes.hash_code(key, salt, str(newcomer_id), code)
    return codes.TRIES - tries - 1, hmac.compare_digest(expected, typed)


def _refuse(
    session: Session, newcomer: NewcomerRecord, tries_left: int
) -> Confirmation:
    """Record a wrong code; after the last one, offer the slot to others."""
    if not tries_left and newcomer.status is NewcomerStatus.PENDING:
        claiming.release_slot(session, newcomer.id)
        claiming.end(session, newcomer.id, NewcomerStatus.FAILED)
        bookings.offer(session, newcomer.slot_id)
    claiming.record_event(
        session, None, Action.NEWCOMER_CONFIRM, newcomer, is_failed=True
    )
    return Confirmation(newcomer, tries_left, is_right=False)


def _require_room_for_more(session: Session, newcomer: NewcomerRecord) -> None:
    """Raise TooManyVisits.

    Checked only once the address is proved, so that it reveals nothing to anybody else.
    Two confirmations of one address queue up here: the second counts the first.
    """
    session.execute(_IN_TURN, {"address": newcomer.email.lower()})
    booked = session.scalar(
        select(func.count())
        .select_from(Newcomer)
        .join(Slot, Slot.id == Newcomer.slot_id)
        .where(
            func.lower(Newcomer.email) == newcomer.email.lower(),
            Newcomer.status == NewcomerStatus.CONFIRMED.value,
            Slot.starts_at > NOW,
        )
    )
    if booked is not None and booked >= MOST_VISITS:
        raise TooManyVisits(MOST_VISITS)
