"""Holds of newcomers: a slot that waits for the code sent to an address."""

import secrets
from collections.abc import Callable
from typing import Final
from uuid import UUID

from sqlalchemy import func, insert, text
from sqlalchemy.orm import Session

from db.models.booking import Newcomer
from db.postgres import assume_role
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.people.accounts.particulars import read_email, read_name
from services.people.sign_in import codes
from services.visits.booking import bookings
from services.visits.newcomers import claiming
from services.visits.newcomers.errors import (
    HoldOver,
    NoSuchNewcomer,
    RequestKeyReused,
    SlotGone,
    TooManyPending,
)
from services.visits.newcomers.reading import look_up
from services.visits.newcomers.records import (
    NewcomerRecord,
    NewcomerRequest,
    NewcomerStatus,
)

# An e-mail takes a while, and a code read on another device has to be typed.
NEWCOMER_HOLD_SECONDS: Final = 10 * 60.0
# A flood of requests can keep at most this many slots from the clinic's own patients.
MOST_PENDING: Final = 20
_SALT_BYTES: Final = 16
_IN_TURN: Final = text("SELECT pg_advisory_xact_lock(hashtext('chartroom.newcomers'))")


def hold(
    session: Session, request: NewcomerRequest, code: str, *, key: str
) -> tuple[NewcomerRecord, bool]:
    """Hold the slot until the code is typed, or record that it was lost.

    For people who have not signed in; `key` is the server's own, with which the code is
    hashed. The caller commits either way, sends the code if the second value says that
    this is new, then calls `require_held`. The result is the same whether or not the
    clinic knows the address. Raises InvalidInput, NotOffered, TooManyPending,
    RequestKeyReused.
    """
    name = _named("patient_name", read_name, request.name)
    email = _named("patient_email", read_email, request.email)
    with assume_role(session, "system"):
        session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:attempt, 0))"),
            {"attempt": str(request.attempt)},
        )
        if earlier := _find_attempt(session, request, name, email):
            return earlier, False
        doctor_id = claiming.lock_offered(session, request.slot_id)
        # Of those who hold at once, each counts what the others have taken.
        session.execute(_IN_TURN)
        if claiming.count_pending(session) >= MOST_PENDING:
            raise TooManyPending
        salt = secrets.token_bytes(_SALT_BYTES)
        # Needed before the row is inserted: the code's hash depends on it.
        newcomer_id: UUID = session.scalars(func.uuidv7().select()).one()
        session.execute(
            insert(Newcomer).values(
                id=newcomer_id,
                slot_id=request.slot_id,
                doctor_id=doctor_id,
                name=name,
                email=email,
                attempt=request.attempt,
                salt=salt,
                code_hash=codes.hash_code(key, salt, str(newcomer_id), code),
                expires_at=func.clock_timestamp()
                + func.make_interval(0, 0, 0, 0, 0, 0, NEWCOMER_HOLD_SECONDS),
            )
        )
        is_held = claiming.claim(
            session, request.slot_id, newcomer_id, seconds=NEWCOMER_HOLD_SECONDS
        )
        if not is_held:
            claiming.end(session, newcomer_id, NewcomerStatus.FAILED)
        newcomer = look_up(session, Newcomer.id == newcomer_id)
    action = Action.NEWCOMER_HOLD if is_held else Action.NEWCOMER_LOSE
    claiming.record_event(session, None, action, newcomer)
    return newcomer, is_held


def require_held(newcomer: NewcomerRecord) -> NewcomerRecord:
    """Return the newcomer's booking, or raise SlotGone if it lost the race.

    Raises HoldOver if the request was sent again after its hold had ended.
    """
    if newcomer.status is NewcomerStatus.FAILED:
        raise SlotGone
    if newcomer.status in {NewcomerStatus.EXPIRED, NewcomerStatus.CANCELLED}:
        raise HoldOver
    return newcomer


def release(session: Session, newcomer_id: UUID) -> None:
    """Give back a hold whose code never came; the caller commits.

    A confirmed booking stays. Raises NoSuchNewcomer.
    """
    with assume_role(session, "system"):
        newcomer = claiming.lock(session, newcomer_id)
        if newcomer.status is not NewcomerStatus.PENDING:
            return
        claiming.release_slot(session, newcomer_id)
        claiming.end(session, newcomer_id, NewcomerStatus.CANCELLED)
        bookings.offer(session, newcomer.slot_id)
    claiming.record_event(session, None, Action.NEWCOMER_CANCEL, newcomer)


def _find_attempt(
    session: Session, request: NewcomerRequest, name: str, email: str
) -> NewcomerRecord | None:
    """Return the earlier result of the same request; raises RequestKeyReused."""
    try:
        earlier = look_up(session, Newcomer.attempt == request.attempt)
    except NoSuchNewcomer:
        return None
    if (earlier.slot_id, earlier.name, earlier.email) != (request.slot_id, name, email):
        raise RequestKeyReused
    return earlier


def _named(name: str, read: Callable[[str], str], typed: str) -> str:
    """Parse what was typed; a refusal names the field by its name here."""
    try:
        return read(typed)
    except InvalidInput as refusal:
        raise InvalidInput(name, refusal.args[0]) from refusal
