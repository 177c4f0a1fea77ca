"""A clinic whose two doctors have visits today: Grace sees Dora, Ada sees Emil."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from db.models.booking import Appointment, Slot
from db.postgres import SYSTEM
from services.core.actors import Actor
from tests.kit import cast
from tests.services.patients.clinic_samples import Clinic
from tests.services.visits import visit_samples
from tests.services.visits.visit_samples import soon


@dataclass(frozen=True)
class Visits:
    """The clinic, its doctors, and a visit of Grace's and of Ada's."""

    clinic: Clinic
    doctor_dora: UUID
    doctor_emil: UUID
    graces: UUID
    adas: UUID

    def read(self, actor: Actor, operation: Any) -> Any:
        return self.clinic.read(actor, lambda s: operation(s, actor))

    def write(self, actor: Actor, operation: Any) -> Any:
        return self.clinic.write(actor, lambda s: operation(s, actor))

    def become(self, visit_id: UUID, **values: Any) -> None:
        """Change a visit."""
        change = update(Appointment).where(Appointment.id == visit_id).values(**values)
        self.clinic.database.write(
            lambda s: s.execute(change) and None, identity=SYSTEM
        )

    def begin(self, visit_id: UUID, starts_at: datetime) -> None:
        """Change the time of a visit."""
        ends_at = starts_at + visit_samples.TWENTY_MINUTES
        self.become(visit_id, starts_at=starts_at, ends_at=ends_at)


@pytest.fixture(scope="module")
def doctors(clinic: Clinic) -> tuple[UUID, UUID]:
    """The doctors as whom Dora and Emil sign in."""

    def add(session: Session) -> tuple[UUID, UUID]:
        return (
            cast.add_doctor(session, user_id=clinic.dora.id).id,
            cast.add_doctor(session, cast.DOCTOR_EMIL, user_id=clinic.emil.id).id,
        )

    return clinic.database.write(add, identity=SYSTEM).value


@pytest.fixture
def visits(clinic: Clinic, doctors: tuple[UUID, UUID]) -> Visits:
    """Two visits of this test's own."""
    dora, emil = doctors

    def add(session: Session) -> tuple[UUID, UUID]:
        # A doctor sees one patient at a time: the visits of earlier tests make room.
        session.execute(update(Slot).values(withdrawn_at=func.now()))
        return (
            visit_samples.visit(
                session, dora, clinic.grace.id, soon(30), note="Blood pressure"
            ),
            visit_samples.visit(session, emil, clinic.ada.id, soon(60)),
        )

    added = clinic.database.write(add, identity=SYSTEM).value
    return Visits(clinic, dora, emil, *added)
