"""Statements are planned once, and rules on rows hold nevertheless."""

from collections.abc import Iterator
from contextlib import closing
from uuid import UUID, uuid4

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.postgres import (
    SYSTEM,
    Database,
    DatabaseIdentity,
    assume_identity,
    assume_role,
)
from db.postgres.prepared import MOST_PREPARED, planned_once
from tests.conftest import connect, owner
from tests.kit import cast
from tests.kit.replicas import await_replicas

ADA, GRACE = uuid4(), uuid4()
AS_ADA = DatabaseIdentity("patient", uuid4(), ADA)
AS_GRACE = DatabaseIdentity("patient", uuid4(), GRACE)
AS_CLERK = DatabaseIdentity("staff", uuid4())
LISTED = "SELECT id::text FROM patients WHERE id <> %(other)s::uuid ORDER BY id"
_OTHER = "%(other)s"
NOBODY = {"other": str(UUID(int=0))}
PLANS = """
SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements
WHERE name LIKE 'prepared%'
"""


@pytest.fixture(scope="module")
def clinic(module_endpoints: Endpoints) -> Endpoints:
    """A database with two patients."""
    url = owner(module_endpoints)
    engine = connect(url)
    with Session(engine) as session, session.begin():
        cast.add_patient(session, cast.ADA, id=ADA)
        cast.add_patient(session, cast.GRACE, id=GRACE)
    engine.dispose()
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        await_replicas(cursor)
    return module_endpoints


@pytest.fixture
def database(clinic: Endpoints) -> Iterator[Database]:
    """A database with a single connection to each node, so that all of it is reused."""
    with closing(Database(clinic, pool_size=1, pool_overflow=0)) as database:
        yield database


def ask(
    session: Session, statement: str = LISTED, before: str = "", **values: object
) -> set[str]:
    with planned_once(session, statement, before) as words:
        read = session.connection().exec_driver_sql(
            before + words, {**NOBODY, **values}
        )
        rows = read.all()
    return {row[0] for row in rows}


def plans(session: Session) -> list[tuple[str, int]]:
    return [(row[0], row[1]) for row in session.execute(text(PLANS))]


def test_a_statement_is_prepared_once_for_a_connection(database):
    def listed(session: Session) -> set[str]:
        return ask(session, other=str(ADA))

    assert [database.write(listed, identity=SYSTEM).value for _ in range(3)] == [
        {str(GRACE)}
    ] * 3

    ((statement, times),) = database.write(plans, identity=SYSTEM).value
    assert statement == f"PREPARE prepared_1 AS {LISTED.replace(_OTHER, '$1')}"
    assert times == 3


def test_each_sees_what_is_theirs_through_one_plan(database):
    seen = [
        database.write(ask, identity=identity).value
        for _ in range(6)
        for identity in (AS_ADA, AS_GRACE, AS_CLERK)
    ]

    assert seen == [{str(ADA)}, {str(GRACE)}, {str(ADA), str(GRACE)}] * 6
    used = database.write(plans, identity=SYSTEM).value
    assert sorted(times for _, times in used) == [6, 12]


def test_another_role_within_a_transaction_sees_what_is_theirs(database):
    def look(session: Session) -> list[set[str]]:
        own = ask(session)
        with assume_identity(session, AS_GRACE):
            grace = ask(session)
        return [own, grace, ask(session)]

    seen = database.write(look, identity=AS_CLERK).value

    everybody = {str(ADA), str(GRACE)}
    assert seen == [everybody, {str(GRACE)}, everybody]


def test_what_a_role_may_not_read_is_refused_although_another_prepared_it(database):
    def keep_role(session: Session) -> set[str]:
        ask(session)
        # In SQL of its own, of which Chartroom knows nothing.
        session.execute(text("SET LOCAL ROLE chartroom_door"))
        return ask(session)

    with pytest.raises(Exception, match="does not let this role"):
        database.write(keep_role, identity=SYSTEM)


def test_a_statement_that_failed_runs_again(database):
    def fail(session: Session) -> None:
        session.execute(text("SET LOCAL statement_timeout = 20"))
        ask(session, "SELECT pg_sleep(%(seconds)s::float8)::text", seconds=10)

    def sleep(session: Session) -> set[str]:
        return ask(session, "SELECT pg_sleep(%(seconds)s::float8)::text", seconds=0)

    for _ in range(2):
        with pytest.raises(DBAPIError):
            database.write(fail, identity=SYSTEM)

    assert database.write(sleep, identity=SYSTEM).value == {""}
    # The server does not keep a statement that failed, either.
    assert len(database.write(plans, identity=SYSTEM).value) == 1


def test_a_time_limit_holds_for_the_planning_too(database, clinic):
    def look(session: Session) -> None:
        with planned_once(session, LISTED, "SET LOCAL statement_timeout = 100; "):
            pytest.fail("It was planned although nobody may look at the table.")

    with closing(psycopg2.connect(owner(clinic))) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(psycopg2.errors.QueryCanceled):
            database.write(look, identity=SYSTEM)


def test_a_role_that_is_assumed_and_a_planner_told_otherwise_have_plans_of_their_own(
    database,
):
    def look(session: Session) -> int:
        ask(session)
        with assume_role(session, "staff"):
            ask(session)
        ask(session, before="SET LOCAL enable_seqscan = off; ")
        return len(plans(session))

    assert database.write(look, identity=SYSTEM).value == 3


def test_a_connection_keeps_a_few_statements_and_forgets_the_oldest(database):
    def ask_many(session: Session) -> list[str]:
        for number in range(MOST_PREPARED + 3):
            ask(session, f"{LISTED} OFFSET {number}")
        ask(session, f"{LISTED} OFFSET 3")
        ask(session, LISTED)
        return [statement for statement, _ in plans(session)]

    kept = database.write(ask_many, identity=SYSTEM).value

    assert len(kept) == MOST_PREPARED
    assert sum(statement.endswith("OFFSET 3") for statement in kept) == 1
    assert not any(statement.endswith("OFFSET 4") for statement in kept)
