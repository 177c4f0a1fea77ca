"""A clinic with one person of each role, reached as the server reaches it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import Engine, update

from db.endpoints import Endpoints
from db.models.user import UserSession
from db.mongo.audit_store import AuditStore
from db.postgres import ANONYMOUS, SYSTEM, Database
from services.core.actors import Actor, Role
from services.patients.care import care
from services.patients.records import patients
from services.patients.records.model import PatientDraft, PatientRecord
from services.people import sessions
from tests.kit import cast


@dataclass(frozen=True)
class House:
    """Databases with their rules, people, and a patient whom two of them treat."""

    database: Database
    audit_store: AuditStore
    cast: dict[Role, Actor]
    sign_ins: dict[Role, UUID]
    patient: PatientRecord
    other: PatientRecord


@pytest.fixture(scope="module")
def house(module_endpoints: Endpoints) -> Iterator[House]:
    """The clinic; everybody has signed in and confirmed it just now."""
    with (
        closing(Database(module_endpoints)) as database,
        closing(AuditStore(module_endpoints.audit_url)) as audit_store,
    ):
        people = database.write(cast.add_demo, identity=SYSTEM).value
        yield House(
            database,
            audit_store,
            people,
            {role: _sign_in(database, person) for role, person in people.items()},
            _register(database, people, cast.ADA),
            _register(database, people, cast.GRACE),
        )


@pytest.fixture(autouse=True)
def _confirmed_just_now(module_engine: Engine, house: House) -> None:
    # In a slow run the confirmations must not expire.
    with module_engine.begin() as connection:
        connection.execute(update(UserSession).values(confirmed_at=datetime.now(UTC)))


def _sign_in(database: Database, person: Actor) -> UUID:
    return database.write(
        lambda session: sessions.start(
            session, person.id, method="passkey", network=None, browser=None
        ),
        identity=ANONYMOUS,
    ).value.id


def _register(
    database: Database, people: dict[Role, Actor], draft: PatientDraft
) -> PatientRecord:
    clerk = people[Role.STAFF]

    def register(session):
        record = patients.register(session, clerk, draft, today=date(2026, 11, 20))
        care.assign(session, clerk, record.id, people[Role.CLINICIAN].id)
        return record

    return database.write(register, identity=clerk.database_identity).value
