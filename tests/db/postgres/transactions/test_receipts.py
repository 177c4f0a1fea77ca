"""What becomes of a write whose connection dies during its COMMIT."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg2
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import event, text

from db.endpoints import Endpoints
from db.postgres import Database, DatabaseUnavailable, OutcomeUnknown
from db.postgres.transactions.receipts import forget
from tests.conftest import owner
from tests.db.postgres.cutting import COMMIT, COMMITTED
from tests.db.postgres.notes import add_note, has_note

# The server takes a second longer to COMMIT a note that says "slow", and sends a
# message with its answer to one that says "notice" or "warning".
TRIGGERS = """
CREATE FUNCTION take_a_second() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(1); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.words LIKE 'slow%') EXECUTE FUNCTION take_a_second();
CREATE FUNCTION say_something() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN IF NEW.words = ''notice'' THEN RAISE NOTICE ''well''; END IF;
     IF NEW.words = ''warning'' THEN RAISE WARNING ''oh''; END IF; RETURN NULL; END';
CREATE CONSTRAINT TRIGGER said AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION say_something()
"""


@pytest.fixture(scope="module")
def triggers(with_notes: Endpoints) -> None:
    with (
        closing(psycopg2.connect(owner(with_notes))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(TRIGGERS)


@pytest.fixture
def database(behind_proxy: Database, triggers: None) -> Database:
    return behind_proxy


def test_a_commit_that_was_done_is_not_done_again(database, proxy, notes, note_id):
    proxy.cut(COMMIT, is_forwarded=True)

    written = database.write(notes.write(note_id))

    assert proxy.has_cut
    assert written.value == note_id
    assert notes.runs == 1
    assert database.read(has_note(note_id), after=written.lsn).value


def test_a_commit_that_never_arrived_is_done_again(database, proxy, notes, note_id):
    proxy.cut(COMMIT, is_forwarded=False)

    database.write(notes.write(note_id))

    assert proxy.has_cut
    assert notes.runs == 2
    assert database.read(has_note(note_id)).value


def test_a_commit_is_looked_for_until_an_answer_gets_through(
    database, proxy, notes, note_id
):
    proxy.cut(COMMIT, is_forwarded=True, cuts=4)

    written = database.write(notes.write(note_id))

    assert proxy.has_cut
    assert written.value == note_id
    assert notes.runs == 1


def test_a_commit_that_the_server_still_works_on_is_waited_for(
    database, proxy, note_id
):
    runs = []
    proxy.cut(COMMIT, is_forwarded=True)

    def write_slowly(session):
        runs.append(session)
        add_note(session, note_id, f"slow {note_id}")

    written = database.write(write_slowly)

    assert len(runs) == 1
    assert database.read(has_note(note_id), after=written.lsn).value


@pytest.mark.parametrize(("words", "doubts"), [("notice", 0), ("warning", 1)])
def test_a_commit_with_a_warning_is_made_sure_of(database, note_id, words, doubts):
    labels = {"operation": "write", "trouble": "unanswered"}
    runs, believed = [], []

    def counted():
        name = "chartroom_database_retries_total"
        return REGISTRY.get_sample_value(name, labels) or 0

    def write(session):
        runs.append(session)
        event.listen(session, "after_commit", believed.append)
        add_note(session, note_id, words)

    before = counted()
    database.write(write)

    assert (len(runs), counted() - before) == (1, doubts)
    assert len(believed) == 1 - doubts


def test_a_write_without_an_answer_is_not_said_to_have_failed(
    database, proxy, notes, note_id
):
    proxy.cut(COMMIT, is_forwarded=True, cuts=1000)

    with pytest.raises(OutcomeUnknown):
        database.write(notes.write(note_id))

    proxy.cut(b"", is_forwarded=True, cuts=0)
    assert database.read(has_note(note_id)).value


def test_a_committed_write_stands_although_its_position_is_not_told(
    database, proxy, notes, note_id
):
    proxy.cut_answer(COMMITTED)

    written = database.write(notes.write(note_id))

    assert proxy.has_cut
    assert notes.runs == 1
    assert database.read(has_note(note_id), after=written.lsn).value


def test_a_block_whose_commit_was_done_ends_well(database, proxy, note_id):
    proxy.cut(COMMIT, is_forwarded=True)

    with database.writing() as session:
        add_note(session, note_id)

    assert proxy.has_cut
    assert database.read(has_note(note_id), after=session.lsn).value


def test_a_block_whose_commit_never_arrived_is_unavailable(database, proxy, note_id):
    proxy.cut(COMMIT, is_forwarded=False)

    with (
        pytest.raises(DatabaseUnavailable, match="nothing was written"),
        database.writing() as session,
    ):
        add_note(session, note_id)

    assert not database.read(has_note(note_id)).value


def test_old_receipts_are_forgotten_and_new_ones_are_kept(database):
    key = uuid4()
    database.write(lambda _: None, key=key)
    kept = text("SELECT count(*) FROM write_receipts WHERE key = :key")
    counts = []
    for older_than in (timedelta(days=1), timedelta(days=-1)):
        timestamp = datetime.now(UTC) - older_than
        database.write(lambda session, m=timestamp: forget(session, m))
        answer = database.read(lambda s: s.execute(kept, {"key": key}).scalar_one())
        counts.append(answer.value)

    assert counts == [1, 0]
