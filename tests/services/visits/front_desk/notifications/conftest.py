"""A visit of Grace's, and the letters to her about it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.models.booking import Appointment, Booking, Slot, VisitNotification
from db.models.user import User
from db.postgres import SYSTEM
from tests.kit import cast
from tests.services.patients.clinic_samples import Clinic
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon


@dataclass(frozen=True)
class Post:
    """The clinic, a doctor, a visit in three days and its booking."""

    clinic: Clinic
    doctor: UUID
    visit: UUID
    booking: UUID

    def do(self, operation: Any) -> Any:
        """Return the result of an operation under the system's identity."""
        return self.clinic.database.write(operation, identity=SYSTEM).value

    def notifications(self) -> list[VisitNotification]:
        """Return the notifications, the oldest first."""
        rows = select(VisitNotification).order_by(VisitNotification.id)
        return self.do(lambda s: s.scalars(rows).all())

    def change(self, table: type, **values: Any) -> None:
        """Change all notifications, or the visit, or its booking."""
        key = {Appointment: self.visit, Booking: self.booking}.get(table)
        statement = update(table).values(**values)
        if key is not None:
            statement = statement.where(table.id == key)
        self.do(lambda s: s.execute(statement) and None)

    def another_visit(self, **options: Any) -> UUID:
        """Return the booking of one more visit of Grace's."""
        grace, starts_at = self.clinic.grace.id, soon(60 * 100)

        def add(session: Session) -> UUID:
            made = visit_samples.visit(session, self.doctor, grace, starts_at)
            row = session.get_one(Appointment, made)
            booking = update(Booking).where(Booking.id == row.booking_id)
            if options:
                session.execute(booking.values(**options))
            return row.booking_id

        return self.do(add)


@pytest.fixture
def post(clinic: Clinic) -> Post:
    """A visit of this test's own, without letters so far."""

    def add(session: Session) -> tuple[UUID, UUID, UUID]:
        session.execute(delete(VisitNotification))
        session.execute(update(Slot).values(withdrawn_at=func.now()))
        session.execute(update(User).values(language=None))
        # The visits of earlier tests need no more reminders.
        session.execute(update(Appointment).values(reminded_at=func.now()))
        doctor = cast.add_doctor(session).id
        visit = visit_samples.visit(session, doctor, clinic.grace.id, soon(60 * 72))
        row = session.get_one(Appointment, visit)
        row.created_at = row.starts_at - timedelta(days=7)
        return doctor, visit, row.booking_id

    return Post(clinic, *clinic.database.write(add, identity=SYSTEM).value)
