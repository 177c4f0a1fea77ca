"""Newcomers at the desk: shown in its lists, and made patients when they come."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, true
from sqlalchemy.orm import Session

from db.models.booking import Newcomer, Slot
from db.models.patient import Patient
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.visits.booking import bookings, waitlist
from services.visits.booking.bookings import rules
from services.visits.booking.patients import require_in_use, require_patient
from services.visits.front_desk import appointments
from services.visits.newcomers import claiming
from services.visits.newcomers.errors import NewcomerOver
from services.visits.newcomers.reading import look_up, record_of, records
from services.visits.newcomers.records import NewcomerRecord, NewcomerStatus
from services.visits.schedule import visit_changes

_MOST: Final = 500
# The slot stays taken throughout; only its owner changes.
_REGISTER: Final = text("""
WITH booked AS (
    INSERT INTO bookings (
        slot_id, doctor_id, patient_id, status, attempt, created_by, created_by_name,
        created_at, confirmed_at
    )
    SELECT slot_id, doctor_id, :patient_id, 'confirmed', id, :by, :by_name, created_at,
        confirmed_at
    FROM newcomers WHERE id = :newcomer_id
    RETURNING id, slot_id, doctor_id, patient_id
), taken AS (
    UPDATE booking_slots
    SET booking_id = booked.id, patient_id = booked.patient_id, newcomer_id = NULL
    FROM booked
    WHERE booking_slots.newcomer_id = :newcomer_id
), scheduled AS (
    INSERT INTO appointments (
        booking_id, doctor_id, patient_id, starts_at, ends_at, code
    )
    SELECT booked.id, booked.doctor_id, booked.patient_id, slots.starts_at,
        slots.ends_at, :code
    FROM booked JOIN slots ON slots.id = booked.slot_id
)
UPDATE newcomers
SET status = 'registered', booking_id = booked.id, name = '', email = '',
    ended_at = clock_timestamp(), revision = revision + 1
FROM booked
WHERE newcomers.id = :newcomer_id
RETURNING booked.id
""")


def list_between(
    session: Session,
    actor: Actor,
    from_at: datetime,
    until_at: datetime,
    *,
    doctor_ids: Collection[UUID] | None = None,
    shown_before: Collection[UUID] | None = None,
) -> tuple[NewcomerRecord, ...]:
    """Return the newcomers whose visits begin in this time.

    The earliest first; clinicians see those who come to them. Newcomers `shown_before`
    on the same screen are not recorded again. Raises NotAllowed.
    """
    actor.require(Permission.VIEW_VISITS)
    rows = session.execute(
        records()
        .where(
            Newcomer.status == NewcomerStatus.CONFIRMED.value,
            Slot.starts_at >= from_at,
            Slot.starts_at < until_at,
            true() if doctor_ids is None else Newcomer.doctor_id.in_(doctor_ids),
        )
        .order_by(Slot.starts_at, Newcomer.id)
        .limit(_MOST)
    )
    listed = tuple(map(record_of, rows))
    fresh = sorted({newcomer.id for newcomer in listed} - set(shown_before or ()))
    if fresh:
        audit.record(
            session,
            actor,
            Action.NEWCOMER_LIST,
            details={
                "day": from_at.date(),
                "newcomers": fresh,
            },
        )
    return listed


def get_newcomer(session: Session, actor: Actor, newcomer_id: UUID) -> NewcomerRecord:
    """Return one newcomer's booking; raises NoSuchNewcomer, NotAllowed."""
    actor.require(Permission.VIEW_VISITS)
    newcomer = look_up(session, Newcomer.id == newcomer_id)
    audit.record(
        session, actor, Action.NEWCOMER_LIST, subject=("newcomer", newcomer_id)
    )
    return newcomer


def register(
    session: Session, actor: Actor, newcomer_id: UUID, patient_id: UUID
) -> UUID:
    """Make the newcomer's visit the patient's, and return the booking's id.

    The patient has just been registered, or was one before. The caller commits. A
    repeated call changes nothing. Raises NoSuchNewcomer, NewcomerOver, NoSuchPatient,
    PatientArchived, PatientBusy, NotAllowed.
    """
    actor.require(Permission.RUN_THE_DESK)
    actor.require(Permission.BOOK_VISITS, patient_id)
    require_patient(session, actor, patient_id)
    before = look_up(session, Newcomer.id == newcomer_id)
    with assume_role(session, "system"):
        before = claiming.lock(session, newcomer_id)
        if before.booking_id is not None:
            return _registered_before(session, before, patient_id)
        if before.status is not NewcomerStatus.CONFIRMED:
            raise NewcomerOver(before)
        booking_id = _book(session, actor, before, patient_id)
        bookings.begin_care(session, actor, before.doctor_id, patient_id)
        visit_changes.announce_change(session)
    waitlist.leave_satisfied(session, actor, booking_id, patient_id)
    audit.record(
        session,
        actor,
        Action.NEWCOMER_REGISTER,
        patient_id=patient_id,
        subject=("booking", booking_id),
        details={"newcomer": newcomer_id, "slot": before.slot_id},
    )
    return booking_id


def cancel_for_clinic(
    session: Session, actor: Actor, newcomer_id: UUID
) -> NewcomerRecord:
    """Cancel a newcomer's visit for the clinic, and notify them; the caller commits.

    A cancelled visit is returned unchanged. Raises NoSuchNewcomer, NewcomerOver,
    NotAllowed.
    """
    actor.require(Permission.RUN_THE_DESK)
    look_up(session, Newcomer.id == newcomer_id)
    with assume_role(session, "system"):
        before = claiming.lock(session, newcomer_id)
        if before.status is NewcomerStatus.CANCELLED:
            return before
        if before.status is not NewcomerStatus.CONFIRMED:
            raise NewcomerOver(before)
        after = claiming.cancel(session, before)
    claiming.record_event(session, actor, Action.NEWCOMER_CANCEL, after)
    return after


def _book(
    session: Session, actor: Actor, newcomer: NewcomerRecord, patient_id: UUID
) -> UUID:
    # A merge waits for this lock, or this waits for the merge: see bookings.confirming.
    session.execute(
        select(Patient.id)
        .where(Patient.id == patient_id)
        .with_for_update(read=True, key_share=True)
    )
    require_in_use(session, patient_id)
    rules.require_free(session, newcomer.slot_id, patient_id, but_for=newcomer.id)
    values: dict[str, Any] = {
        "newcomer_id": newcomer.id,
        "patient_id": patient_id,
        "by": actor.id,
        "by_name": actor.name,
        "code": appointments.new_code(),
    }
    with rules.translate_violations():
        booking_id: UUID = session.execute(_REGISTER, values).scalar_one()
    return booking_id


def _registered_before(
    session: Session, before: NewcomerRecord, patient_id: UUID
) -> UUID:
    from_before = session.execute(
        text("SELECT patient_id FROM bookings WHERE id = :id"),
        {"id": before.booking_id},
    ).scalar_one()
    if before.booking_id is None or from_before != patient_id:
        raise NewcomerOver(before)
    return before.booking_id
