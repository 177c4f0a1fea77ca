"""Confirming: a hold becomes a visit."""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session

from db.models.booking import Booking
from db.models.doctor import Doctor
from db.models.user import User
from db.postgres import assume_role
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.patients.care import care
from services.visits.booking import waitlist
from services.visits.booking.bookings import freeing, holding, reading, rules
from services.visits.booking.bookings.errors import (
    AlreadyMoved,
    BookingOver,
    NoSuchBooking,
    require_pending,
)
from services.visits.booking.bookings.records import (
    BookingRecord,
    BookingRequest,
    BookingStatus,
)
from services.visits.booking.bookings.visibility import require_booking
from services.visits.booking.patients import require_in_use
from services.visits.booking.waitlist import waiting_queue
from services.visits.front_desk import appointments, notifications
from services.visits.front_desk.appointments.moves import bookings_after
from services.visits.front_desk.notifications import NotificationKind
from services.visits.schedule import visit_changes

# A merge waits for the lock on the patient's row, or this waits for the merge: no visit
# is filed under a record that has just been merged away. The time that counts is the
# one after the wait, whichever row the planner looks at first.
_CONFIRM: Final = text("""
WITH locked AS MATERIALIZED (
    SELECT id FROM patients
    WHERE id = :patient_id AND deleted_at IS NULL AND deceased_on IS NULL FOR KEY SHARE
), whose AS MATERIALIZED (
    SELECT id, clock_timestamp() AS now FROM locked
), won AS (
    UPDATE booking_slots
    SET status = 'booked', expires_at = NULL, may_overlap = (
        SELECT override_reason IS NOT NULL FROM bookings WHERE id = :booking_id
    )
    FROM whose
    WHERE slot_id = :slot_id AND booking_id = :booking_id AND patient_id = whose.id
        AND status = 'held' AND expires_at > whose.now
    RETURNING booking_id, starts_at, ends_at
), confirmed AS (
    UPDATE bookings
    SET status = 'confirmed', confirmed_at = clock_timestamp(),
        note = coalesce(:note, note)
    FROM won
    WHERE bookings.id = won.booking_id
    RETURNING bookings.id, doctor_id, patient_id, starts_at, ends_at
)
INSERT INTO appointments (booking_id, doctor_id, patient_id, starts_at, ends_at, code)
SELECT id, doctor_id, patient_id, starts_at, ends_at, :code FROM confirmed
RETURNING id
""")
# What was prepared for a visit is for the one that replaces it. What was written once
# it had begun is about that time, and stays with it.
_MOVE_NOTES: Final = text("""
UPDATE medical_records AS notes
SET appointment_id = visit.id, doctor_id = visit.doctor_id,
    updated_at = clock_timestamp()
FROM appointments AS visit, appointments AS replaced
WHERE visit.booking_id = :booking_id AND replaced.booking_id = :replaced_id
    AND notes.appointment_id = replaced.id AND notes.updated_at < replaced.starts_at
""")


def confirm(
    session: Session, actor: Actor, booking_id: UUID, *, note: str | None = None
) -> BookingRecord:
    """Make the hold a visit, and give back the visit that it replaces.

    Notes prepared for that visit are then about this one. The caller commits. A booking
    that is confirmed already is returned unchanged. With `note`, the booking gets this
    note; if neither has one, it keeps that of the visit it replaces. Raises
    HoldExpired, SlotTaken, BookingOver, AlreadyMoved, PatientBusy, PatientArchived,
    NoSuchBooking, InvalidInput, NotAllowed.
    """
    require_booking(actor)
    before = reading.look_up(session, actor, booking_id)
    if before.status is BookingStatus.CONFIRMED:
        return before
    require_pending(before)
    wanted = None if note is None else rules.read_note(note)
    with assume_role(session, "system"):
        replaced = _give_back_replaced(session, actor, before)
        if wanted is None and replaced and not before.note:
            wanted = replaced.note
        is_confirmed = _confirm(session, before, wanted)
    after = reading.look_up(session, actor, booking_id)
    if not is_confirmed:
        return _confirmed_by_others(session, after)
    with assume_role(session, "system"):
        _follow_up(session, actor, after, replaced)
    ended = waitlist.leave_satisfied(
        session,
        actor,
        after.id,
        after.patient_id,
        replaced_id=replaced.id if replaced else None,
    )
    action = Action.BOOKING_MOVE if replaced else Action.BOOKING_CONFIRM
    more: dict[str, Any] = {"replaced": replaced.id} if replaced else {}
    reading.record_event(session, actor, action, after, **more)
    return replace(after, ended_waits=ended)


def move(
    session: Session,
    actor: Actor,
    request: BookingRequest,
    *,
    notice_hours: float = rules.NOTICE_HOURS,
) -> BookingRecord:
    """Book the slot in place of the visit that the request replaces, in one step.

    For callers that have already asked the person; the note moves with the visit. The
    caller commits either way, then calls `require_held`: a lost race is kept. Raises
    what `hold` and `confirm` raise.
    """
    held = holding.hold(session, actor, request, notice_hours=notice_hours)
    if held.status is not BookingStatus.PENDING or request.replaces_id is None:
        return held
    return confirm(session, actor, held.id)


def _give_back_replaced(
    session: Session, actor: Actor, booking: BookingRecord
) -> BookingRecord | None:
    """Give back the visit that the booking replaces, unless that is cancelled.

    Raises BookingOver if the patient has been checked in for it meanwhile, or did not
    come: a patient who is there has a visit that goes on, and would have two. So would
    one whose visit somebody else has moved meanwhile: raises AlreadyMoved.
    """
    if booking.replaces_id is None:
        return None
    replaced = reading.look_up(session, actor, booking.replaces_id)
    if replaced.status is BookingStatus.CONFIRMED:
        if freeing.give_back(session, actor, replaced, because="moved"):
            return replaced
        now = reading.look_up(session, actor, booking.replaces_id)
        if now.status is BookingStatus.CONFIRMED:
            raise BookingOver
    later = bookings_after(replaced.id, booking.patient_id)
    stands_elsewhere = exists().where(
        Booking.id == later.c.id,
        Booking.id != booking.id,
        Booking.status == BookingStatus.CONFIRMED.value,
    )
    if session.scalar(select(stands_elsewhere)):
        raise AlreadyMoved
    return None


def _confirm(session: Session, booking: BookingRecord, note: str | None) -> bool:
    values = {
        "slot_id": booking.slot_id,
        "booking_id": booking.id,
        "patient_id": booking.patient_id,
        "note": note,
        "code": appointments.new_code(),
    }
    with rules.translate_violations():
        is_confirmed = session.execute(_CONFIRM, values).one_or_none() is not None
    if is_confirmed:
        visit_changes.announce_change(session)
    return is_confirmed


def _confirmed_by_others(session: Session, booking: BookingRecord) -> BookingRecord:
    """Return the booking if it is confirmed, else raise why it cannot be."""
    if booking.status is BookingStatus.CONFIRMED:
        return booking
    require_pending(booking)
    require_in_use(session, booking.patient_id)
    raise NoSuchBooking(patient_id=booking.patient_id)


def _follow_up(
    session: Session,
    actor: Actor,
    booking: BookingRecord,
    replaced: BookingRecord | None,
) -> None:
    """Do what follows from a new visit, in the background's role."""
    begin_care(session, actor, booking.doctor_id, booking.patient_id)
    if booking.waitlist_id:
        waiting_queue.end(session, booking.waitlist_id, "booked")
    notifications.write(
        session,
        NotificationKind.MOVED if replaced else NotificationKind.CONFIRMED,
        booking.id,
    )
    if replaced:
        ids = {"booking_id": booking.id, "replaced_id": replaced.id}
        session.execute(_MOVE_NOTES, ids)
        freeing.offer(session, replaced.slot_id)


def begin_care(
    session: Session, actor: Actor, doctor_id: UUID, patient_id: UUID
) -> None:
    """Let the doctor see the patient's record, if the doctor signs in here.

    In the background's role. A clinician who does not treat the patient has only
    break-glass access: what they book must not let anybody see the record for longer.
    """
    is_clinician = actor.role is Role.CLINICIAN
    if is_clinician and not care.is_treated_by(session, actor.id, patient_id):
        return
    clinician_id = session.scalar(
        select(User.id)
        .join(Doctor, Doctor.user_id == User.id)
        .where(
            Doctor.id == doctor_id,
            User.role == Role.CLINICIAN.value,
            User.deactivated_at.is_(None),
        )
    )
    if clinician_id is None:
        return
    if not care.is_treated_by(session, clinician_id, patient_id):
        care.begin(session, patient_id, clinician_id, by=actor)
