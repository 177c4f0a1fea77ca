"""Writes the drawn visits as if they had been booked one after another."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.booking import Slot
from services.demo.history.days import Draw, DrawnSlot, DrawnVisit
from services.demo.history.register import Practitioner
from services.demo.history.rows import Columns, append, new_id
from services.demo.seeding.blocks import SEEDER_ID
from services.visits.front_desk.appointments import new_code
from services.visits.schedule.slots.taken import IS_FREE

BOOKED_BY: Final = "Front desk"
_HELD_FOR: Final = timedelta(minutes=10)
_EXPIRED: Final = 0.05
_FAILED: Final = 0.012
_REASONS: Final = ("Not well enough to come.", "Had to work.", "Feels better.")


@dataclass(frozen=True, slots=True)
class HeldVisit:
    """A visit that was written, with what its notes and events need."""

    id: UUID
    doctor: Practitioner
    starts_at: datetime
    ends_at: datetime
    completed_at: datetime | None
    drawn: DrawnVisit


@dataclass(frozen=True, slots=True)
class Written:
    """All rows of visits, by table."""

    slots: list[Columns]
    bookings: list[Columns]
    booking_slots: list[Columns]
    appointments: list[Columns]
    held: list[HeldVisit]

    def visit(self, slot: DrawnSlot, slot_id: UUID, rng: Random, now: datetime) -> None:
        """Add the rows of a time's bookings, and at times of a failed attempt."""
        if not slot.visits:
            return
        for visit in slot.visits:
            self._book(slot, slot_id, visit, rng, now)
        last = slot.visits[-1]
        chance = rng.random()
        if chance < _EXPIRED + _FAILED and last.cancelled_at is None:
            self._attempt(slot, slot_id, last, chance < _FAILED, rng)

    def _book(
        self,
        slot: DrawnSlot,
        slot_id: UUID,
        visit: DrawnVisit,
        rng: Random,
        now: datetime,
    ) -> None:
        confirmed_at = visit.booked_at + timedelta(seconds=rng.randrange(20, 300))
        is_cancelled = visit.cancelled_at is not None
        ended_at = max(visit.cancelled_at, confirmed_at) if visit.cancelled_at else None
        booking = self._booking(slot, slot_id, visit, visit.booked_at, rng) | {
            "status": "cancelled" if is_cancelled else "confirmed",
            "confirmed_at": confirmed_at,
            "ended_at": ended_at,
            "ended_by": SEEDER_ID if is_cancelled else None,
        }
        self.bookings.append(booking)
        times = {"starts_at": slot.starts_at, "ends_at": slot.ends_at}
        people = {"patient_id": visit.patient.id}
        if not is_cancelled:
            by_slot = {"slot_id": slot_id, "booking_id": booking["id"], **people}
            self.booking_slots.append(by_slot | times | {"status": "booked"})
        completed_at = None
        if visit.status == "completed":
            took = (slot.ends_at - slot.starts_at) * rng.uniform(0.6, 1.1)
            completed_at = min(slot.starts_at + took, now)
        changed = (ended_at, completed_at, visit.came_at, confirmed_at)
        appointment_id = new_id(confirmed_at, rng)
        self.appointments.append(
            {
                "id": appointment_id,
                "booking_id": booking["id"],
                "doctor_id": slot.doctor.id,
                **people,
                **times,
                "status": visit.status,
                "code": new_code(),
                "created_at": confirmed_at,
                "updated_at": next(at for at in changed if at is not None),
                "reminded_at": _reminded_at(slot.starts_at, confirmed_at, now),
                "checked_in_at": visit.came_at,
                "completed_at": completed_at,
                "cancelled_at": ended_at,
                "cancelled_by": SEEDER_ID if is_cancelled else None,
                "cancelled_because": rng.choice(_REASONS) if is_cancelled else None,
                "called_in_at": _called_in_at(slot, visit, completed_at, rng),
            }
        )
        if not is_cancelled:
            self.held.append(
                HeldVisit(
                    appointment_id,
                    slot.doctor,
                    slot.starts_at,
                    slot.ends_at,
                    completed_at,
                    visit,
                )
            )

    def _attempt(
        self,
        slot: DrawnSlot,
        slot_id: UUID,
        visit: DrawnVisit,
        has_lost: bool,
        rng: Random,
    ) -> None:
        """Add an earlier hold that expired, or an attempt that came too late."""
        if has_lost:
            at = visit.booked_at + timedelta(seconds=1)
            became = {"status": "failed", "ended_at": at}
        else:
            at = max(visit.booked_at - 2 * _HELD_FOR, visit.patient.since)
            became = {"status": "expired", "ended_at": at + _HELD_FOR}
        booking = self._booking(slot, slot_id, visit, at, rng)
        expires_at = {"expires_at": at + _HELD_FOR}
        self.bookings.append(booking | became | expires_at)

    @staticmethod
    def _booking(
        slot: DrawnSlot, slot_id: UUID, visit: DrawnVisit, at: datetime, rng: Random
    ) -> Columns:
        return {
            "id": new_id(at, rng),
            "slot_id": slot_id,
            "doctor_id": slot.doctor.id,
            "patient_id": visit.patient.id,
            "status": "pending",
            "attempt": new_id(at, rng),
            "note": visit.reason.words,
            "created_by": SEEDER_ID,
            "created_by_name": BOOKED_BY,
            "created_at": at,
            "expires_at": None,
            "confirmed_at": None,
            "ended_at": None,
            "ended_by": None,
        }


def write(session: Session, draw: Draw) -> list[HeldVisit]:
    """Write all visits; return those that are not cancelled.

    The caller commits, and has made sure that there are none yet.
    """
    written = Written([], [], [], [], [])
    rng = Random(draw.seed_number)  # noqa: S311 - nobody's secret
    for slot, slot_id in _slots(session, draw, rng, written):
        written.visit(slot, slot_id, rng, draw.now)
    append(session, "slots", written.slots)
    append(session, "bookings", written.bookings)
    append(session, "booking_slots", written.booking_slots)
    append(session, "appointments", written.appointments)
    return written.held


def _slots(
    session: Session, draw: Draw, rng: Random, written: Written
) -> Iterator[tuple[DrawnSlot, UUID]]:
    """Yield the times with the ids of their slots, planned or new."""
    planned = _planned(session, draw.now)
    for slot in draw.days():
        known = planned.get((slot.doctor.id, slot.starts_at))
        is_over = slot.starts_at <= draw.now
        # For the future, only slots of plans, and extra ones outside a plan on purpose.
        if known is None and not is_over and slot.is_planned:
            continue
        slot_id = known or new_id(slot.starts_at - timedelta(days=60), rng)
        if known is None:
            written.slots.append(
                {
                    "id": slot_id,
                    "doctor_id": slot.doctor.id,
                    "starts_at": slot.starts_at,
                    "ends_at": slot.ends_at,
                    "origin": "plan" if slot.is_planned else "extra",
                }
            )
        yield slot, slot_id


def _planned(session: Session, now: datetime) -> dict[tuple[UUID, datetime], UUID]:
    rows = session.execute(
        select(Slot.id, Slot.doctor_id, Slot.starts_at).where(
            Slot.starts_at > now, IS_FREE
        )
    )
    return {(row.doctor_id, row.starts_at): row.id for row in rows}


def _called_in_at(
    slot: DrawnSlot, visit: DrawnVisit, completed_at: datetime | None, rng: Random
) -> datetime | None:
    """Return when a patient whose visit is over was called in, mostly a little late."""
    if visit.came_at is None or completed_at is None:
        return None
    late = timedelta(minutes=rng.triangular(-5, 40, 5))
    return min(max(visit.came_at, slot.starts_at + late), completed_at)


def _reminded_at(
    starts_at: datetime, confirmed_at: datetime, now: datetime
) -> datetime | None:
    """Return when a reminder was written: a day before, if booked by then."""
    due = starts_at - timedelta(days=1)
    return due if confirmed_at < due < now else None
