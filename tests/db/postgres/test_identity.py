"""Each transaction runs in somebody's name, and in nobody else's afterwards."""

import io
from collections.abc import Iterator
from contextlib import closing
from uuid import UUID, uuid4

import psycopg2
import pytest
from psycopg2 import sql
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.models.care import CareRelationship
from db.postgres import (
    ANONYMOUS,
    SYSTEM,
    AlreadyWritten,
    Database,
    DatabaseIdentity,
    Refused,
    assume_identity,
    assume_role,
)
from tests.conftest import connect, owner
from tests.kit import cast
from tests.kit.replicas import await_replicas

ADA, GRACE = uuid4(), uuid4()
DORA = uuid4()
AS_ADA = DatabaseIdentity("patient", uuid4(), ADA)
AS_CLERK = DatabaseIdentity("staff", uuid4())
AS_DORA = DatabaseIdentity("clinician", DORA)


@pytest.fixture(scope="module")
def clinic(module_endpoints: Endpoints) -> Endpoints:
    """A database with two patients, one of whom Dora treats."""
    url = owner(module_endpoints)
    engine = connect(url)
    with Session(engine) as session, session.begin():
        cast.add_patient(session, cast.ADA, id=ADA)
        cast.add_patient(session, cast.GRACE, id=GRACE)
        cast.add_account(session, cast.DORA, id=DORA)
        session.add(CareRelationship(clinician_id=DORA, patient_id=ADA))
    engine.dispose()
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        await_replicas(cursor)
    return module_endpoints


@pytest.fixture
def database(clinic: Endpoints) -> Iterator[Database]:
    """A database with a single connection to each node, so that all of it is reused."""
    with closing(Database(clinic, pool_size=1, pool_overflow=0)) as database:
        yield database


def patients(session: Session) -> set[UUID]:
    return set(session.scalars(text("SELECT id FROM patients")))


def note(session: Session) -> None:
    """Do what staff may do and patients may not."""
    session.execute(text("UPDATE patients SET address = 'Elm Road 1'"))


@pytest.mark.parametrize(
    ("identity", "seen"),
    [
        (AS_ADA, {ADA}),
        (DatabaseIdentity("patient", uuid4()), set()),
        (AS_DORA, {ADA}),
        (DatabaseIdentity("clinician", uuid4()), set()),
        (AS_CLERK, {ADA, GRACE}),
        (SYSTEM, {ADA, GRACE}),
    ],
    ids=["patient", "no record", "clinician", "no patients", "staff", "system"],
)
def test_a_role_is_shown_its_own_on_replicas_and_on_the_primary(
    database, identity, seen
):
    near = database.read(patients, identity=identity)
    latest = database.read_latest(patients, identity=identity)

    assert (near.served.role, near.value) == ("replica", seen)
    assert (latest.served.role, latest.value) == ("primary", seen)
    assert database.find(patients, missing=KeyError, identity=identity).value == seen
    assert database.write(patients, identity=identity).value == seen
    with database.reading(identity=identity) as session:
        assert patients(session) == seen
    with database.writing(identity=identity) as session:
        assert patients(session) == seen


@pytest.mark.parametrize(
    "identity", [None, ANONYMOUS, DatabaseIdentity("admin", uuid4())]
)
def test_who_has_nothing_to_do_with_patients_is_refused(database, identity):
    with pytest.raises(Refused):
        database.read(patients, identity=identity)
    with pytest.raises(Refused):
        database.write(note, identity=identity)
    with pytest.raises(Refused), database.reading(identity=identity) as session:
        patients(session)
    with pytest.raises(Refused), database.writing(identity=identity) as session:
        note(session)


def test_a_refusal_tells_nothing_of_tables_and_is_not_tried_again(database):
    runs = []

    def attempt(session):
        runs.append(session)
        note(session)

    with pytest.raises(Refused, match="does not let this role do that"):
        database.write(attempt, identity=AS_ADA)
    assert len(runs) == 1


def test_nobody_inherits_a_name_from_who_had_the_connection_before(database):
    for run in (database.read, database.read_latest, database.write):
        run(patients, identity=SYSTEM)
        with pytest.raises(Refused):
            run(patients)


def test_a_name_under_which_nothing_was_done_is_gone_as_well(database):
    for run in (database.read, database.read_latest, database.write):
        run(lambda _session: None, identity=SYSTEM)
        with pytest.raises(Refused):
            run(patients)


def _named(cursor):
    with cursor.connection.cursor("named") as named:
        named.execute("SELECT id FROM patients")
        return named.fetchall()


def _copied(cursor):
    sent = io.StringIO()
    cursor.copy_expert("COPY (SELECT id FROM patients) TO STDOUT", sent)
    return sent.getvalue().split()


def _executed(query):
    def run(cursor):
        cursor.execute(query)
        return cursor.fetchall()

    return run


def _executed_for_each(cursor):
    # It returns no rows; only whether it is allowed matters.
    cursor.executemany("SELECT id FROM patients WHERE id <> %s", [(uuid4(),)] * 2)
    cursor.execute("SELECT id FROM patients")
    return cursor.fetchall()


@pytest.mark.parametrize(
    "first",
    [
        _executed("SELECT id FROM patients"),
        _executed(b"SELECT id FROM patients"),
        _executed(sql.SQL("SELECT id FROM {}").format(sql.Identifier("patients"))),
        _named,
        _copied,
        _executed_for_each,
    ],
    ids=["text", "bytes", "composed", "named cursor", "copy", "many"],
)
def test_whatever_a_transaction_begins_with_is_done_in_its_name(database, first):
    def begin(session):
        with session.connection().connection.cursor() as cursor:
            return len(first(cursor))

    assert database.read(begin, identity=AS_CLERK).value == 2
    assert database.write(begin, identity=AS_DORA).value == 1


def test_a_new_name_replaces_all_of_the_former_one(database):
    database.write(patients, identity=AS_ADA)

    assert database.write(patients, identity=DatabaseIdentity("patient")).value == set()


def test_after_a_rollback_of_its_own_an_operation_is_nobody_again(database):
    def undo(session):
        session.rollback()
        return patients(session)

    with pytest.raises(Refused):
        database.write(undo, identity=SYSTEM)


def test_a_write_in_a_name_is_done_once_like_any_other(database):
    key = uuid4()
    with pytest.raises(Refused):
        database.write(note, key=key, identity=AS_ADA)

    database.write(note, key=key, identity=AS_CLERK)

    with pytest.raises(AlreadyWritten):
        database.write(note, key=key, identity=AS_CLERK)


def test_another_role_is_taken_on_for_a_few_statements(database):
    def look(session):
        before = patients(session)
        with assume_role(session, "staff"):
            during = patients(session)
        return before, during, patients(session)

    assert database.read(look, identity=AS_DORA).value == ({ADA}, {ADA, GRACE}, {ADA})
    assert database.write(look, identity=AS_DORA).value == ({ADA}, {ADA, GRACE}, {ADA})


def test_who_becomes_another_role_is_still_the_same_person(database):
    def ask(session):
        with assume_role(session, "staff"):
            return session.scalar(text("SELECT acting_user()"))

    assert database.read(ask, identity=AS_DORA).value == DORA


def test_roles_are_given_back_one_after_the_other(database):
    def look(session):
        with assume_role(session, "staff"):
            with assume_role(session, "patient"):
                nothing = patients(session)
            return nothing, patients(session)

    assert database.read(look, identity=AS_DORA).value == (set(), {ADA, GRACE})


def test_an_error_gives_the_role_back(database):
    def look(session):
        with pytest.raises(KeyError), assume_role(session, "staff"):
            raise KeyError
        return patients(session)

    assert database.read(look, identity=AS_DORA).value == {ADA}


def test_a_failed_statement_gives_the_role_back_with_its_savepoint(database):
    def look(session):
        with (
            pytest.raises(ProgrammingError, match="nowhere"),
            session.begin_nested(),
            assume_role(session, "staff"),
        ):
            session.execute(text("SELECT FROM nowhere"))
        return patients(session)

    assert database.write(look, identity=AS_DORA).value == {ADA}


def test_a_failed_statement_gives_the_identity_back_with_its_savepoint(database):
    def look(session):
        with (
            pytest.raises(ProgrammingError, match="nowhere"),
            session.begin_nested(),
            assume_identity(session, SYSTEM),
        ):
            session.execute(text("SELECT FROM nowhere"))
        # Whoever returns from another role returns to their own.
        with assume_role(session, "staff"):
            pass
        return patients(session), session.scalar(text("SELECT acting_user()"))

    assert database.write(look, identity=AS_DORA).value == ({ADA}, DORA)


def test_an_owner_stays_the_owner(session):
    with assume_role(session, "patient"):
        session.execute(text("SELECT FROM audit_seals"))
