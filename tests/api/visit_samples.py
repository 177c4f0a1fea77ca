"""Doctors, slots and patients for the tests of booking over HTTP."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.booking import Appointment, Booking, BookingSlot
from db.models.doctor import Doctor
from db.postgres import SYSTEM, Database
from tests.kit import cast
from tests.services.visits.booking.bookings import samples


@dataclass(frozen=True)
class Practice:
    """A doctor with a dozen free slots, in the database of the tested API."""

    database: Database
    doctor_id: UUID
    slot_ids: tuple[UUID, ...]

    @classmethod
    def open(cls, database: Database, **values: Any) -> "Practice":
        """Add a doctor with slots."""

        def begin(session: Session) -> tuple[UUID, tuple[UUID, ...]]:
            doctor: Doctor = cast.add_doctor(session, **values)
            slots = tuple(samples.slot(session, doctor, n) for n in range(12))
            return doctor.id, slots

        return cls(database, *database.write(begin, identity=SYSTEM).value)

    def let_pass(self, booking_id: str, seconds: float) -> None:
        """Make the hold this many seconds older."""
        earlier = timedelta(seconds=seconds)

        def age(session: Session) -> None:
            for table, key in (
                (BookingSlot, BookingSlot.booking_id),
                (Booking, Booking.id),
            ):
                session.execute(
                    update(table)
                    .where(key == UUID(booking_id))
                    .values(expires_at=table.expires_at - earlier)
                )

        self.database.write(age, identity=SYSTEM)

    def begin_visit(self, visit_id: str) -> None:
        """Move the visit's start to a minute ago."""
        self.database.write(
            lambda session: session.execute(
                update(Appointment)
                .where(Appointment.id == UUID(visit_id))
                .values(
                    starts_at=func.now() - timedelta(minutes=1),
                    ends_at=func.now() + timedelta(minutes=19),
                )
            ),
            identity=SYSTEM,
        )

    def statuses(self, number: int) -> list[str]:
        """Return the outcomes of the attempts to get the slot with this number."""
        of = Booking.slot_id == self.slot_ids[number]
        wanted = select(Booking.status).where(of).order_by(Booking.status)
        return self.database.read_latest(
            lambda session: list(session.scalars(wanted)), identity=SYSTEM
        ).value

    def wish(self, number: int, patient_id: Any = None, **more: Any) -> dict[str, Any]:
        """Return the body that requests the slot with this number."""
        wish = {"slot_id": str(self.slot_ids[number])} | more
        return wish | ({"patient_id": str(patient_id)} if patient_id else {})
