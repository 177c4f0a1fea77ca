"""Writes happen exactly once, however often they have to be tried."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.postgres import AlreadyWritten, DatabaseUnavailable, DiskFull
from tests.db.postgres.notes import add_note, backend, die, end_sessions, is_written


def add_and(then, session, note_id):
    add_note(session, note_id)
    then(session)


def contended_writes():
    labels = {"operation": "write", "trouble": "contended"}
    name = "chartroom_database_retries_total"
    return REGISTRY.get_sample_value(name, labels) or 0


def all_backends(session):
    """Return the server processes that work for our pools."""
    query = text(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'chartroom' "
        "AND datname = current_database()"
    )
    return set(session.execute(query).scalars())


def fail(session):
    raise LookupError


def test_a_block_that_ends_well_is_committed_and_one_that_does_not_is_undone(database):
    kept, undone = uuid4(), uuid4()

    with database.writing() as session:
        add_note(session, kept)
    with pytest.raises(LookupError), database.writing() as failing:
        add_and(fail, failing, undone)

    assert is_written(database, kept)
    assert not is_written(database, undone)
    assert session.lsn is not None
    assert failing.lsn is None


def test_positions_grow_with_every_write(database, notes):
    positions = [database.write(notes.write(uuid4())).lsn for _ in range(5)]

    assert positions == sorted(set(positions))


def test_a_violated_constraint_is_not_tried_again(database, notes, note_id):
    database.write(notes.write(note_id))

    with pytest.raises(IntegrityError):
        database.write(notes.write(note_id))

    assert notes.runs == 2


def find_no_room(session):
    """Raise PostgreSQL's error for a full disk."""
    session.execute(
        text("DO $$ BEGIN RAISE 'Lovelace' USING ERRCODE = 'disk_full'; END $$")
    )


@pytest.mark.parametrize("way", ["write", "read"])
def test_a_full_disk_is_told_at_once_and_not_tried_again(database, way):
    runs = []

    def attempt(session):
        runs.append(session)
        find_no_room(session)

    with pytest.raises(DiskFull) as raised:
        getattr(database, way)(attempt)

    assert len(runs) == 1
    assert "Lovelace" not in str(raised.value)


@pytest.mark.parametrize("way", ["writing", "reading"])
def test_a_full_disk_is_told_by_open_sessions_too(database, way):
    with pytest.raises(DiskFull), getattr(database, way)() as session:
        find_no_room(session)


def test_what_was_typed_is_not_in_the_message_of_a_failure(database):
    with pytest.raises(IntegrityError) as raised:
        database.write(lambda session: add_note(session, None, "Ada Lovelace"))

    statement = str(raised.value).partition("[SQL:")[2]
    assert "Ada" not in statement


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_a_transaction_that_gave_way_to_another_is_tried_again(
    database, notes, note_id, code
):
    def gives_way_once(session: Session) -> None:
        notes.write(note_id)(session)
        if notes.runs == 1:
            session.execute(
                text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$")
            )

    retries = contended_writes()
    database.write(gives_way_once)

    assert notes.runs == 2
    assert contended_writes() == retries + 1
    assert is_written(database, note_id)


def test_two_writers_in_each_others_way_both_get_through(database):
    first, second = uuid4(), uuid4()
    for note_id in (first, second):
        database.write(lambda session, i=note_id: add_note(session, i))
    both_hold_one = Barrier(2, timeout=5)
    attempts = []

    def touch(*ids):
        def operation(session: Session) -> None:
            attempts.append(ids)
            for place, note_id in enumerate(ids):
                if place == 1 and len(attempts) <= 2:
                    both_hold_one.wait()
                statement = text("UPDATE notes SET words = words || '+' WHERE id = :id")
                session.execute(statement, {"id": note_id})

        return operation

    with ThreadPoolExecutor(2) as threads:
        ways = [(first, second), (second, first)]
        list(threads.map(lambda ids: database.write(touch(*ids)), ways))

    assert len(attempts) == 3


def test_a_connection_that_dies_before_commit_costs_another_attempt(
    database, notes, note_id
):
    def dies_once(session: Session) -> None:
        notes.write(note_id)(session)
        if notes.runs == 1:
            die(session)

    database.write(dies_once)

    assert notes.runs == 2
    assert is_written(database, note_id)


def test_a_block_whose_connection_dies_is_unavailable_and_nothing_is_written(
    database, note_id
):
    with pytest.raises(DatabaseUnavailable), database.writing() as session:
        add_and(die, session, note_id)

    assert not is_written(database, note_id)


def test_a_connection_that_died_while_idle_is_replaced_unnoticed(
    database, with_notes, note_id
):
    database.write(backend)
    end_sessions(with_notes.database_url)

    with database.writing() as session:
        add_note(session, note_id)

    assert is_written(database, note_id)


def test_a_server_that_takes_no_writes_any_more_is_left(database, notes, note_id):
    with database.connect_primary(), database.connect_primary():
        pass  # Two idle connections to a server that is demoted now.
    processes = []

    def demoted_once(session: Session) -> None:
        processes.append(backend(session))
        if len(processes) == 1:
            session.execute(text("SET TRANSACTION READ ONLY"))
        notes.write(note_id)(session)

    before = database.write(all_backends).value
    database.write(demoted_once)

    assert processes[0] in before
    assert processes[1] not in before
    assert is_written(database, note_id)


def test_a_key_is_written_once_over_all_calls(database, notes):
    key, first, second = uuid4(), uuid4(), uuid4()
    database.write(notes.write(first), key=key)

    with pytest.raises(AlreadyWritten):
        database.write(notes.write(second), key=key)

    assert notes.runs == 1
    assert not is_written(database, second)


def test_a_key_whose_write_was_refused_can_be_used_again(database, notes):
    key, first, second = uuid4(), uuid4(), uuid4()
    database.write(notes.write(first))
    with pytest.raises(IntegrityError):
        database.write(notes.write(first), key=key)

    database.write(notes.write(second), key=key)

    assert is_written(database, second)
