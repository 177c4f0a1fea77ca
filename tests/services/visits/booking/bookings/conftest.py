"""Who and what the tests of bookings start with."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from db.models.doctor import Doctor
from services.core.actors import Actor, Role
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from tests.kit.cast import ADA, ada
from tests.services.visits.booking.bookings import samples


@pytest.fixture
def house(session: Session) -> Doctor:
    """A doctor whom patients can be booked with."""
    return samples.doctor(session)


@pytest.fixture
def slot(session: Session, house: Doctor) -> UUID:
    """The first of the doctor's slots."""
    return samples.slot(session, house)


@pytest.fixture
def patient(session: Session, clerk: Actor, today) -> PatientRecord:
    """Ada, registered."""
    return patients.register(session, clerk, ADA, today=today)


@pytest.fixture
def other(session: Session, clerk: Actor, today) -> PatientRecord:
    """Grace, registered."""
    grace = ada(first_name="Grace", last_name="Hopper", phone_number="+441632960001")
    return patients.register(session, clerk, grace, today=today)


@pytest.fixture
def herself(patient: PatientRecord) -> Actor:
    """Ada, signed in."""
    return Actor(uuid4(), "Ada Lovelace", Role.PATIENT, patient.id)


@pytest.fixture
def desk(session: Session, clerk: Actor) -> tuple[Session, Actor]:
    """The front desk: a session, and who works in it."""
    return session, clerk
