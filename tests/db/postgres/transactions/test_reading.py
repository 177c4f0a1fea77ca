"""Reads come from replicas that show what the reader has written."""

import time
from contextlib import closing
from functools import partial
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.postgres import Database, DatabaseUnavailable, Lsn
from tests.db.postgres.notes import add_note, backend, die, end_sessions, has_note
from tests.kit.waiting import eventually, in_time

NOWHERE = Lsn.parse("FFFFFFFF/FFFFFFFF")


def counted(name, **labels):
    return REGISTRY.get_sample_value(f"chartroom_{name}", labels) or 0


def waits(outcome):
    return counted("lsn_waits_total", outcome=outcome)


def test_a_write_is_read_back_at_once_through_the_replicas(with_notes, notes):
    # On a busy machine a replica may need longer than the usual tenth of a second.
    with closing(Database(with_notes, replica_wait_seconds=5)) as database:
        answers = []
        for _ in range(50):
            written = database.write(notes.write(uuid4()))
            answers.append(database.read(has_note(written.value), after=written.lsn))

    assert all(answer.value for answer in answers)
    assert {answer.served.role for answer in answers} == {"replica"}


def test_a_session_that_wrote_sees_it_through_a_replica(database, note_id):
    with database.writing() as session:
        add_note(session, note_id)

    with database.reading(after=session.lsn) as reading:
        assert has_note(note_id)(reading)
        assert reading.info["served"].node in {n.name for n in database.nodes()}


def test_replicas_share_the_reads_and_the_primary_gets_none(database):
    served = [database.read(backend).served for _ in range(20)]

    assert {answer.role for answer in served} == {"replica"}
    assert len({answer.node for answer in served}) == 2


def test_every_read_is_counted_by_who_answered(database):
    def counts():
        nodes = [(node.name, node.role) for node in database.nodes()]
        return [counted("reads_total", node=n, role=role) for n, role in nodes]

    before = counts()

    nodes = [database.read(backend).served.node for _ in range(10)]

    grown = [after - was for after, was in zip(counts(), before, strict=True)]
    assert grown == [nodes.count(node.name) for node in database.nodes()]


def test_connections_in_use_and_idle_are_counted_for_each_pool(database):
    def gauges():
        states = "in_use", "idle"
        return [
            counted("pool_connections", pool="primary", state=state) for state in states
        ]

    with database.writing():
        assert gauges() == [1, 0]
    assert gauges() == [0, 1]


def test_what_a_replica_has_replayed_is_remembered(database, notes, note_id):
    lsn = database.write(notes.write(note_id)).lsn
    for _ in range(2):  # A connection to each replica, older than the next look.
        database.read(backend)
    opened_by = time.monotonic()
    eventually(
        lambda: all(
            n.seen_at >= opened_by and n.has_replayed(lsn) for n in database.nodes()
        )
    )
    remembered, waited = waits("remembered"), waits("waited")

    for _ in range(10):
        database.read(backend, after=lsn)

    assert waits("remembered") == remembered + 10
    assert waits("waited") == waited


def test_a_new_connection_is_asked_before_it_is_trusted(database, notes, note_id):
    lsn = database.write(notes.write(note_id)).lsn
    eventually(lambda: all(n.has_replayed(lsn) for n in database.nodes()))
    waited = waits("waited")

    database.read(has_note(note_id), after=lsn)

    assert waits("waited") == waited + 1


@pytest.mark.parametrize("after", [None, NOWHERE], ids=["replica", "primary"])
def test_a_read_cannot_write_and_is_not_tried_again(database, note_id, after):
    runs = []

    def add(session: Session) -> None:
        runs.append(session.info["served"].role)
        add_note(session, note_id)

    with pytest.raises(DBAPIError, match="read-only transaction"):
        database.read(add, after=after)
    with pytest.raises(DBAPIError, match="read-only"), database.reading(after) as open_:
        add(open_)

    assert runs == ["primary" if after else "replica"] * 2


def test_a_position_that_no_server_has_is_answered_by_the_primary(database):
    answer = database.read(backend, after=NOWHERE)

    assert answer.served.role == "primary"
    assert not any(node.is_late for node in database.nodes())


def test_the_primary_answers_at_once_what_only_it_can(with_notes):
    with closing(Database(with_notes, replica_wait_seconds=600)) as database:
        answer = in_time(lambda: database.read_latest(backend))

    assert answer.served.role == "primary"


def test_the_newest_comes_from_the_primary(database):
    assert database.read_newest(backend).served.role == "primary"


def test_while_nobody_leads_the_newest_comes_from_a_replica(database, with_notes):
    leader = database.read_latest(backend).served.node
    followers = {n: u for n, u in with_notes.replica_urls.items() if n != leader}
    leaderless = Endpoints(next(iter(followers.values())), followers, "", {})

    with closing(Database(leaderless, retry_seconds=1)) as without:
        assert without.read_newest(backend).served.role == "replica"
        with pytest.raises(DatabaseUnavailable):
            without.read_latest(backend)


def test_connections_that_died_while_idle_are_replaced_unnoticed(database, with_notes):
    for _ in range(4):
        database.read(backend)
    for url in with_notes.replica_urls.values():
        end_sessions(url)
    runs = []

    for _ in range(4):
        database.read(lambda session: runs.append(backend(session)))
        with database.reading() as session:
            runs.append(backend(session))

    assert len(runs) == 8


def give_way(session):
    """Fail like a query that conflicts with replay."""
    raising = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$"
    session.execute(text(raising))


@pytest.mark.parametrize("fail", [die, give_way], ids=["dies", "is cancelled"])
def test_a_read_that_fails_for_the_servers_sake_goes_to_yet_another(database, fail):
    served = []

    def fail_at_first(session: Session) -> None:
        served.append(session.info["served"].node)
        if len(served) <= 2:
            fail(session)

    database.read(fail_at_first)

    assert len(set(served)) == len(served) == 3


def test_a_server_whose_connection_dies_is_left_out_at_once(database):
    def is_left_out() -> bool:
        with pytest.raises(DatabaseUnavailable), database.reading() as session:
            die(session)
        states = {node.name: node for node in database.nodes()}
        return not states[session.info["served"].node].reachable

    # The next look, which finds it well again, may come in between now and then.
    assert any(is_left_out() for _ in range(5))


def test_a_reading_that_dies_is_unavailable(database):
    with pytest.raises(DatabaseUnavailable), database.reading() as session:
        die(session)


def test_a_refusal_of_the_operation_is_not_tried_again(database):
    runs = []

    def refuse(session: Session) -> None:
        runs.append(session)
        session.execute(text("SELECT 1 / 0"))

    with pytest.raises(DBAPIError, match="division by zero"):
        database.read(refuse)

    assert len(runs) == 1


def test_without_any_server_reading_and_writing_are_unavailable_in_time():
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    with closing(Database(Endpoints(nowhere, {}, "", {}), retry_seconds=0.3)) as gone:

        def look() -> None:
            with gone.reading():
                pass

        def change() -> None:
            with gone.writing():
                pass

        read, write = partial(gone.read, backend), partial(gone.write, backend)
        for use in (read, look, write, change):
            # Sooner than the default of 30 seconds of retries.
            with pytest.raises(DatabaseUnavailable):
                in_time(use, seconds=20)

        assert [node.reachable for node in gone.nodes()] == [False]


def test_a_primary_alone_serves_everything(with_notes, notes, note_id):
    alone = Endpoints(with_notes.database_url, {}, "", {})
    with closing(Database(alone)) as routed:
        lsn = routed.write(notes.write(note_id)).lsn

        assert routed.read(has_note(note_id), after=lsn).value


def test_a_pool_that_is_used_up_says_so_instead_of_queueing_for_ever(with_notes):
    small = {"pool_size": 1, "pool_overflow": 0, "pool_timeout_seconds": 0.1}
    with (
        closing(Database(with_notes, **small)) as database,
        database.writing(),
        pytest.raises(DatabaseUnavailable, match="in use"),
    ):
        database.write(backend)
