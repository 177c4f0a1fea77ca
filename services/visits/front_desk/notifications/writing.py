"""Writes notifications of visits, in the transaction that they are about."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, insert, select, text, update
from sqlalchemy.orm import Session, aliased

from db.models.booking import (
    Appointment,
    Booking,
    Newcomer,
    Slot,
    VisitNotification,
)
from db.models.patient import Patient
from db.postgres import assume_role
from services.visits.front_desk.notifications.records import NotificationKind
from services.visits.front_desk.notifications.wording import (
    VisitTimes,
    subject_of,
    text_of,
    text_to_newcomer,
)

_A_DAY: Final = text("interval '24 hours'")
_AN_HOUR: Final = text("interval '1 hour'")
_MOST_REMINDERS: Final = 200


def write(session: Session, kind: NotificationKind, booking_id: UUID) -> None:
    """Write to the patient of a booking; for services, and the caller commits.

    Checks no permission. Patients who have no e-mail address or have died are not
    written to. The notification of a moved visit belongs to its new booking, which
    names the one that it replaces.
    """
    with assume_role(session, "system"):
        row = session.execute(_facts_of(booking_id)).one_or_none()
        if row is None:
            return
        times = VisitTimes(row.starts_at, row.before, row.expires_at)
        session.execute(
            insert(VisitNotification).values(
                kind=kind.value,
                patient_id=row.patient_id,
                booking_id=booking_id,
                to_address=row.email,
                subject=subject_of(kind),
                body=text_of(kind, times),
            )
        )


def write_to_newcomer(
    session: Session,
    kind: NotificationKind,
    newcomer_id: UUID,
    *,
    before: datetime | None = None,
) -> None:
    """Write to a newcomer; for services, in the system's role.

    For a moved visit, `before` is its earlier time. Checks no permission; the caller
    commits.
    """
    to_address, starts_at = session.execute(
        select(Newcomer.email, Slot.starts_at)
        .join(Slot, Slot.id == Newcomer.slot_id)
        .where(Newcomer.id == newcomer_id)
    ).one()
    session.execute(
        insert(VisitNotification).values(
            kind=kind.value,
            newcomer_id=newcomer_id,
            to_address=to_address,
            subject=subject_of(kind),
            body=text_to_newcomer(kind, VisitTimes(starts_at, before), newcomer_id),
        )
    )


def write_reminders(session: Session) -> int:
    """Remind patients of visits within a day; return how many were written.

    For the background. Whoever booked within that day needs no reminder yet.
    """
    due = (
        select(Appointment.id)
        .join(Patient, Patient.id == Appointment.patient_id)
        .where(
            # Whoever's record is restored in time is still reminded.
            Patient.deleted_at.is_(None),
            Patient.deceased_on.is_(None),
            Appointment.status == "scheduled",
            Appointment.reminded_at.is_(None),
            Appointment.starts_at.between(func.now() + _AN_HOUR, func.now() + _A_DAY),
        )
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(_MOST_REMINDERS)
        .with_for_update(of=Appointment, skip_locked=True)
    )
    reminded = session.execute(
        update(Appointment)
        .where(Appointment.id.in_(due))
        .values(reminded_at=func.now())
        .returning(
            Appointment.booking_id,
            (Appointment.created_at < Appointment.starts_at - _A_DAY).label("is_early"),
        )
        .execution_options(synchronize_session=False)
    ).all()
    booking_ids = [row.booking_id for row in reminded if row.is_early]
    for booking_id in booking_ids:
        write(session, NotificationKind.REMINDER, booking_id)
    return len(booking_ids)


def _facts_of(booking_id: UUID) -> Select[*tuple[Any, ...]]:
    former, former_slot = aliased(Booking), aliased(Slot)
    return (
        select(
            Booking.patient_id,
            Booking.expires_at,
            Slot.starts_at,
            former_slot.starts_at.label("before"),
            Patient.email,
        )
        .join(Slot, Slot.id == Booking.slot_id)
        .join(Patient, Patient.id == Booking.patient_id)
        .outerjoin(former, former.id == Booking.replaces_id)
        .outerjoin(former_slot, former_slot.id == former.slot_id)
        .where(
            Booking.id == booking_id,
            Patient.email.is_not(None),
            Patient.deleted_at.is_(None),
            Patient.deceased_on.is_(None),
        )
    )
