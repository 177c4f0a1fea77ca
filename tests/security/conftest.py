"""A clinic with one person of each role, reached as the server reaches it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import update

from db.audit_store import AuditStore
from db.endpoints import Endpoints
from db.models.user import UserSession
from db.postgres import ANONYMOUS, SYSTEM, Database
from services.core.actors import Actor, Role
from services.patients.care import care
from services.patients.records import patients
from services.patients.records.model import PatientDraft, PatientRecord
from services.people import sessions
from services.people.accounts import demo_accounts
from tests.conftest import connect, owner


@dataclass(frozen=True)
class House:
    """Databases that hold to their rules, people, and a patient two of them treat."""

    database: Database
    audit_store: AuditStore
    cast: dict[Role, Actor]
    sign_ins: dict[Role, UUID]
    patient: PatientRecord
    other: PatientRecord


@pytest.fixture(scope="module")
def house(module_endpoints: Endpoints) -> Iterator[House]:
    """Everybody has signed in and proved a moment ago that it is they."""
    with (
        closing(Database(module_endpoints)) as database,
        closing(AuditStore(module_endpoints.audit_url)) as audit_store,
    ):
        made = database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        accounts = database.read(
            demo_accounts.demo_people, after=made.lsn, identity=SYSTEM
        ).value
        cast = {person.role: person for person in accounts}
        yield House(
            database,
            audit_store,
            cast,
            {role: _sign_in(database, person) for role, person in cast.items()},
            _register(database, cast, "Ada", "Lovelace"),
            _register(database, cast, "Grace", "Hopper"),
        )


@pytest.fixture(autouse=True)
def _confirmed_just_now(house: House, module_endpoints: Endpoints) -> None:
    # A slow run must not be one in which everybody's confirmation grows old.
    engine = connect(owner(module_endpoints))
    with engine.begin() as connection:
        connection.execute(update(UserSession).values(confirmed_at=datetime.now(UTC)))
    engine.dispose()


def _sign_in(database: Database, person: Actor) -> UUID:
    return database.write(
        lambda session: sessions.start(
            session, person.id, method="passkey", network=None, browser=None
        ),
        identity=ANONYMOUS,
    ).value.id


def _register(
    database: Database, cast: dict[Role, Actor], first: str, last: str
) -> PatientRecord:
    clerk = cast[Role.STAFF]
    draft = PatientDraft(
        first_name=first,
        last_name=last,
        date_of_birth=date(1980, 1, 31),
        email=f"{first}@example.org",
    )

    def register(session):
        record = patients.register(session, clerk, draft, today=date(2026, 11, 20))
        care.assign(session, clerk, record.id, cast[Role.CLINICIAN].id)
        return record

    return database.write(register, identity=clerk.database_identity).value
