"""A log in MongoDB for each test, fed from the test's own transaction."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.orm import Session

from db.mongo.audit_store import AuditStore
from services.audit import chain
from services.core.actors import Actor
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from tests.conftest import Databases
from tests.kit import cast

Ship = Callable[[], None]


@pytest.fixture
def store(databases: Databases) -> Iterator[AuditStore]:
    """An empty log."""
    with databases.fresh_log() as store:
        yield store


@pytest.fixture
def ship(session: Session, store: AuditStore) -> Ship:
    """Ships the events recorded so far to the log."""

    def carry() -> None:
        while chain.ship(session, store):
            pass

    return carry


@pytest.fixture
def rosa(session: Session) -> Actor:
    """Somebody at the front desk who is known to the database."""
    return cast.add_actor(session, cast.ROSA)


@pytest.fixture
def patient(session: Session, rosa: Actor, today) -> PatientRecord:
    """Ada, registered by Rosa."""
    return patients.register(session, rosa, cast.ADA, today=today)


@pytest.fixture
def ada(session: Session, patient: PatientRecord) -> Actor:
    """Ada herself, signed in."""
    return cast.add_patient_actor(session, patient)
