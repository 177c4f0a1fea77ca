"""A transaction's first statements need no message of their own."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, InternalError, ProgrammingError

from db.postgres import SYSTEM, assume_role
from tests.db.postgres.notes import add_note, has_note, is_written

ADD = "INSERT INTO notes VALUES (%(id)s, %(words)s)"


def leave(session, note_id, words="last 'words' of 100%"):
    """Add a note in a statement of the driver's own."""
    values = {"id": note_id, "words": f"{words} {note_id}"}
    session.connection().exec_driver_sql(ADD, values)


def sent_by(proxy, action):
    """Return how many messages the action makes the client send."""
    action()
    before = len(proxy.sent)
    action()
    # Meanwhile the watch also queries the server, with a query of its own.
    return sum(b"AS asked" not in sent for sent in proxy.sent[before:])


def test_a_write_of_one_statement_takes_two_messages(behind_proxy, proxy):
    def write():
        behind_proxy.write(lambda session: add_note(session, uuid4()))

    assert sent_by(proxy, write) == 2


def test_a_read_of_one_statement_takes_two_messages(behind_proxy, proxy):
    def read():
        behind_proxy.read(has_note(uuid4()))

    assert sent_by(proxy, read) == 2


def test_a_write_that_says_nothing_takes_one_message(behind_proxy, proxy):
    assert sent_by(proxy, lambda: behind_proxy.write(lambda _: None)) == 1


def test_what_is_run_for_many_values_first_of_all_is_undone_with_the_rest(database):
    first, second = uuid4(), uuid4()

    def fail(session):
        driver = session.connection().connection.dbapi_connection
        with driver.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO notes VALUES (%s::uuid, %s)",
                [(str(first), str(first)), (str(second), str(second))],
            )
        raise LookupError

    with pytest.raises(LookupError):
        database.write(fail)

    assert not is_written(database, first)
    assert not is_written(database, second)


def test_rows_that_are_fetched_bit_by_bit_are_read_in_the_transaction(database):
    note_id = uuid4()
    query = text("SELECT id FROM notes WHERE id = :id")

    def find_own(session):
        add_note(session, note_id)
        options = {"yield_per": 1}
        rows = session.execute(query, {"id": note_id}, execution_options=options)
        return rows.scalars().all()

    assert database.write(find_own).value == [note_id]


def test_what_has_failed_is_not_taken_for_committed(database):
    note_id = uuid4()

    def carry_on(session):
        add_note(session, note_id)
        with pytest.raises(ProgrammingError):
            session.connection().exec_driver_sql("SELECT nothing_of_the_kind")

    with pytest.raises(InternalError, match="cannot be committed"):
        database.write(carry_on)

    assert not is_written(database, note_id)


def test_what_was_called_is_committed_with_the_rest(database):
    first, last = uuid4(), uuid4()

    def write(session):
        add_note(session, first)
        return leave(session, last)

    assert database.write(write).value is None
    assert is_written(database, first)
    assert is_written(database, last)


def test_what_was_called_is_undone_with_the_rest(database):
    note_id = uuid4()

    def fail(session):
        leave(session, note_id)
        raise LookupError

    with pytest.raises(LookupError):
        database.write(fail)
    database.write(lambda _: None)

    assert not is_written(database, note_id)


def test_what_the_database_has_against_it_undoes_all_of_it(database):
    note_id = uuid4()

    def write(session):
        add_note(session, note_id)
        leave(session, None)

    with pytest.raises(IntegrityError):
        database.write(write)

    assert not is_written(database, note_id)
    assert database.write(lambda s: s.scalar(text("SELECT 1"))).value == 1


def test_becoming_another_role_takes_no_message_of_its_own(behind_proxy, proxy):
    def write():
        def operation(session):
            with assume_role(session, "door"):
                session.execute(text("SELECT 1"))

        behind_proxy.write(operation, identity=SYSTEM)

    assert sent_by(proxy, write) == 2
