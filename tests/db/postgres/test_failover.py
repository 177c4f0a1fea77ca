"""A failover is a pause, not an error, and nothing that was acknowledged is lost."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from uuid import uuid4

import psutil
import pytest
from psycopg2.extensions import parse_dsn

from db.embedded import Cluster
from db.endpoints import Endpoints
from db.postgres import Database, Lsn
from db.postgres.transactions import reads
from tests.conftest import fresh_database
from tests.db.postgres.load import Load
from tests.db.postgres.notes import add_table, has_note, remove_notes
from tests.kit import by_hand
from tests.kit.breaking import (
    ask,
    drop_leader_key,
    is_switched_over,
    replay_paused,
    replicas,
    suspended,
)
from tests.kit.clusters import BreakableCluster
from tests.kit.lagging import lagging
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def module_endpoints(breakable_cluster: BreakableCluster) -> Iterator[Endpoints]:
    """A database of the cluster that may be broken."""
    with fresh_database(breakable_cluster.whole().addresses) as endpoints:
        add_table(endpoints)
        yield endpoints


@pytest.fixture
def endpoints(breakable: Cluster, module_endpoints: Endpoints) -> Endpoints:
    """The database, without the notes of another test."""
    remove_notes(module_endpoints)
    return module_endpoints


@pytest.fixture
def database(endpoints: Endpoints) -> Iterator[Database]:
    with closing(Database(endpoints)) as database:
        yield database


@contextmanager
def hanging(node):
    """Stop a server so that it accepts connections and never answers."""
    postmaster = node.postmaster()
    with suspended(postmaster, *postmaster.children(recursive=True)):
        yield


def state_of(database, name):
    return next(node for node in database.nodes() if node.name == name)


def assert_nothing_went_wrong(load):
    assert load.errors == []
    assert load.unseen == []
    assert load.lost() == set()
    assert load.unacknowledged() == set()
    assert len(load.acknowledged) > 20


def test_with_replay_paused_the_primary_serves_whoever_wrote(
    breakable, database, notes, note_id, monkeypatch
):
    waits, wait = [], reads.Reads._wait
    monkeypatch.setattr(
        reads.Reads, "_wait", lambda *given: waits.append(1) or wait(*given)
    )
    with replay_paused(breakable):
        lsn = database.write(notes.write(note_id)).lsn

        own = database.read(has_note(note_id), after=lsn)
        others = database.read(has_note(note_id))
        again = [database.read(has_note(note_id), after=lsn) for _ in range(20)]

    assert (own.value, own.served.role) == (True, "primary")
    assert (others.value, others.served.role) == (False, "replica")
    # Only one read waits for a replica that does not move, not every reader.
    assert {answer.served.role for answer in again} == {"primary"}
    assert len(waits) < len(again)


def test_a_replica_that_catches_up_serves_again(breakable, database, notes, note_id):
    with replay_paused(breakable):
        lsn = database.write(notes.write(note_id)).lsn
        database.read(has_note(note_id), after=lsn)

    eventually(
        lambda: database.read(has_note(note_id), after=lsn).served.role != "primary"
    )


def test_replicas_that_lag_on_purpose_show_later_what_was_written(
    breakable, database, notes, note_id
):
    with lagging(breakable, seconds=60):
        database.write(notes.write(note_id))
        read = database.read(has_note(note_id))

    assert (read.value, read.served.role) == (False, "replica")
    eventually(lambda: database.read(has_note(note_id)).value)


def test_lag_is_seen_in_bytes_and_seconds(breakable, database, notes, note_id):
    name = replicas(breakable)[0].name
    with replay_paused(breakable):
        database.write(notes.write(note_id))

        eventually(lambda: (state_of(database, name).lag_seconds or 0) > 1)
        assert (state_of(database, name).lag_bytes or 0) > 0
        assert state_of(database, name).receive_lag_bytes == 0

    eventually(lambda: state_of(database, name).lag_bytes == 0)


def test_a_killed_replica_costs_no_failed_request_and_comes_back(breakable, database):
    victim = replicas(breakable)[0]
    load = Load(database)

    with load.working(), breakable.unsupervised():
        victim.kill()
        eventually(lambda: not state_of(database, victim.name).reachable)
        load.await_more()

    assert_nothing_went_wrong(load)
    eventually(lambda: state_of(database, victim.name).reachable)


def test_a_replica_that_hangs_costs_no_failed_request(breakable, database):
    victim = replicas(breakable)[0]
    load = Load(database)

    with load.working(), breakable.unsupervised(), hanging(victim):
        eventually(lambda: not state_of(database, victim.name).reachable)
        before = load.reads
        eventually(lambda: load.reads > before + 500)

    assert_nothing_went_wrong(load)


def test_a_switchover_under_load_loses_nothing_and_shows_no_error(breakable, database):
    successor = replicas(breakable)[0]
    load = Load(database)

    with load.working():
        eventually(lambda: is_switched_over(breakable, successor.name))
        eventually(lambda: state_of(database, successor.name).role == "primary")

    assert_nothing_went_wrong(load)


def test_a_crashed_primary_under_load_loses_nothing_and_shows_no_error(
    breakable, database
):
    victim = breakable.primary()
    load = Load(database)

    with load.working():
        os.kill(victim.postmaster().pid, signal.SIGKILL)
        eventually(
            lambda: any(
                node.role == "primary" and node.reachable and node.name != victim.name
                for node in database.nodes()
            )
        )

    assert_nothing_went_wrong(load)


_LEAVE_REPLICAS = """
SELECT bool_and(pg_terminate_backend(pid, 5000)) FROM pg_stat_replication
"""
# More than a new primary writes in its first seconds.
_MUCH_LOG = (
    "SELECT pg_logical_emit_message(false, '', repeat('x', 4000000), flush => true)"
)


@contextmanager
def following_nobody(cluster, node):
    """Make a dead node answer readers as it was when it died, until it is supervised.

    Patroni starts a former primary like this while it knows no leader.
    """
    mark, owner = node.data / "standby.signal", node.data.stat()
    mark.touch()
    os.chown(mark, owner.st_uid, owner.st_gid)
    # Until the dead process is reaped, the server would believe that it is still
    # running.
    (node.data / "postmaster.pid").unlink(missing_ok=True)
    by_hand.start(cluster, node)
    try:
        yield
    finally:
        by_hand.crash(cluster, node)


def await_position(database, name, position):
    """Wait until a server is seen to answer as a replica that has replayed this far."""

    def is_there(state):
        is_answering = state.reachable and state.role == "replica"
        return is_answering and state.replay_lsn >= position

    eventually(lambda: state_of(database, name), is_there)


def test_a_former_primary_with_log_of_its_own_answers_for_what_was_before_it_died(
    breakable, database, notes, note_id
):
    former, (first, second) = breakable.primary(), replicas(breakable)
    before, after = note_id, uuid4()
    with breakable.unsupervised():
        acknowledged = database.write(notes.write(before)).lsn
        # Its Patroni would see that nobody follows, and let none of the replicas lead
        # after it.
        patroni = psutil.Process(former.patroni.process.pid)
        with hanging(first), hanging(second), suspended(patroni):
            assert ask(breakable, former, _LEAVE_REPLICAS)
            ask(breakable, former, _MUCH_LOG)
            end = Lsn.parse(ask(breakable, former, "SELECT pg_current_wal_flush_lsn()"))
            assert former.kill()
            with following_nobody(breakable, former):
                await_position(database, former.name, end)
                alone = database.read(has_note(before), after=acknowledged)
        drop_leader_key(breakable, former)
        lsn = eventually(lambda: database.write(notes.write(after))).lsn
        with following_nobody(breakable, former):
            await_position(database, former.name, end)
            own = [database.read(has_note(after), after=lsn) for _ in range(50)]
            others = [database.read(has_note(after)) for _ in range(50)]

    assert (alone.value, alone.served.node) == (True, former.name)
    assert lsn < end
    assert {answer.value for answer in own} == {True}
    assert former.name not in {read.served.node for read in (*own, *others)}


_WAITING = """
FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()
"""
WAITING_SINCE = f"SELECT max(xact_start) {_WAITING}"
CANCEL_WAITING = f"SELECT count(pg_cancel_backend(pid)) {_WAITING}"


def test_a_commit_that_stopped_waiting_for_replicas_is_not_believed(
    breakable, database, endpoints, notes, note_id
):
    primary, (replica, other_replica) = breakable.primary(), replicas(breakable)
    name = parse_dsn(endpoints.database_url)["dbname"]

    def waiting_since():
        return ask(breakable, primary, WAITING_SINCE, name)

    with ThreadPoolExecutor(1) as aside:
        with hanging(replica), hanging(other_replica):
            writing = aside.submit(database.write, notes.write(note_id))
            first = eventually(waiting_since)
            # COMMIT then succeeds with a warning, although no replica has it.
            assert ask(breakable, primary, CANCEL_WAITING, name) == 1
            # A write that does not believe this commits once more.
            eventually(waiting_since, lambda since: since and since > first)
            is_acknowledged = writing.done()
        written = writing.result(timeout=20)

    assert not is_acknowledged
    assert notes.runs == 1
    assert database.read(has_note(note_id), after=written.lsn).value
