"""Fills in the past of the invented clinic once, in order of dependency."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.booking import Appointment, Booking, VisitNotification
from db.models.patient import Patient
from services.core import audit
from services.core.actors import Role
from services.core.audit import Action
from services.demo.history import lists, notes, register, servers, trail, visits
from services.demo.history.days import YEARS, Draw
from services.demo.history.register import DEMO
from services.demo.history.servers import Server
from services.people.accounts import demo_accounts
from services.visits.front_desk import notifications
from services.visits.front_desk.notifications import NotificationKind
from services.visits.schedule import visit_changes

_OWN_SINCE: Final = timedelta(days=365 * YEARS + 40)
_LETTERS: Final = 25
# Two processes that start at once must not invent two pasts.
_LOCK: Final = func.pg_advisory_xact_lock(func.hashtext("chartroom.demo_history"))
_KNOWN: Final = {
    "phone_number": "+441632960417",
    "address": "14 Mill Lane, Port Kelly, E1 7XQ",
    "emergency_contact": "Tom Brandt, +441632960418",
    "allergies": ["Penicillin"],
    "medical_history": ["Hypothyroidism", "Migraine"],
    "current_medications": ["Levothyroxine 50 micrograms"],
}


@dataclass(frozen=True, slots=True)
class History:
    """How much was invented."""

    visits: int
    notes: int
    events: int


def fill(
    session: Session,
    *,
    now: datetime,
    zone: ZoneInfo,
    seed_number: int,
    nodes: Sequence[Server] = (),
) -> History | None:
    """Invent the past of a clinic that has never had a visit; None for any other.

    The same time, seed number and people give the same past. The caller commits.
    """
    session.execute(select(_LOCK))
    if session.scalar(select(Booking.id).limit(1)) is not None:
        return None
    if register.read(session, seed_number).own_doctor is None:
        return None
    _complete_own_patient(session, now)
    known = register.read(session, seed_number)
    people = {actor.role: actor for actor in demo_accounts.demo_people(session)}
    held = visits.write(session, Draw(known, zone, now, seed_number))
    noted = notes.write(session, held, seed_number=seed_number)
    lists.wait_in_line(session, known, now, seed_number=seed_number)
    lists.save_views(session, people[Role.ANALYST])
    servers.write(session, nodes, now, str(zone))
    events = trail.write(
        session, people, held, now=now, zone=zone, seed_number=seed_number
    )
    _write_letters(session, now)
    details = {"source": DEMO, "new": len(held)}
    audit.record(session, None, Action.BOOKING_CONFIRM, details=details)
    visit_changes.announce_change(session)
    return History(len(held), noted, events)


def _complete_own_patient(session: Session, now: datetime) -> None:
    """Make the demo's own patient a long-standing one, unless somebody edited it."""
    session.execute(
        update(Patient)
        .where(Patient.source == DEMO, Patient.version == 1)
        .values(**_KNOWN, created_at=now - _OWN_SINCE, updated_at=now - _OWN_SINCE)
        .execution_options(synchronize_session=False)
    )


def _write_letters(session: Session, now: datetime) -> None:
    """Write letters for the latest bookings, as of when they were confirmed."""
    booked = session.scalars(
        select(Booking.id)
        .join(Appointment, Appointment.booking_id == Booking.id)
        .where(Appointment.status == "scheduled", Booking.confirmed_at < now)
        .order_by(Booking.confirmed_at.desc(), Booking.id)
        .limit(_LETTERS)
    )
    for booking_id in booked:
        notifications.write(session, NotificationKind.CONFIRMED, booking_id)
    session.execute(
        update(VisitNotification)
        .where(VisitNotification.booking_id == Booking.id)
        .values(created_at=Booking.confirmed_at, send_at=Booking.confirmed_at)
        .execution_options(synchronize_session=False)
    )
