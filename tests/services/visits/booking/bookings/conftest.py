"""The people and slots with which the tests of bookings start."""

from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from db.models.doctor import Doctor
from services.core.actors import Actor
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from tests.kit import cast
from tests.services.visits.booking.bookings import samples


@pytest.fixture
def dora(session: Session) -> Doctor:
    """A doctor with whom patients can be booked."""
    return cast.add_doctor(session)


@pytest.fixture
def slot(session: Session, dora: Doctor) -> UUID:
    """The first of the doctor's slots."""
    return samples.slot(session, dora)


@pytest.fixture
def other(session: Session, clerk: Actor, today) -> PatientRecord:
    """Grace, registered."""
    return patients.register(session, clerk, cast.GRACE, today=today)


@pytest.fixture
def desk(session: Session, clerk: Actor) -> tuple[Session, Actor]:
    """The front desk: a session, and the person who works in it."""
    return session, clerk
