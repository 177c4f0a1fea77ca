"""A former primary acknowledges nothing before its own log is gone."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from types import SimpleNamespace
from typing import Any

import psutil
import psycopg2
import pytest
from psycopg2.extras import PhysicalReplicationConnection

from db.cluster import patroni_node
from db.cluster.patroni_node import LogEnd, parse_history, parse_lsn
from db.embedded import Cluster, Node
from db.embedded.servers.etcd import Etcd
from tests.kit.breaking import (
    ask,
    drop_leader_key,
    etcd_of,
    replicas,
    startup_process,
    suspended,
    switch_over,
)
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster

_LEAVE_REPLICAS = """
SELECT bool_and(pg_terminate_backend(pid, 5000)) FROM pg_stat_replication
"""
# More than a new primary writes in its first seconds.
_MUCH_LOG = (
    "SELECT pg_logical_emit_message(false, '', repeat('x', 4000000), flush => true)"
)
_WRITE = "CREATE TABLE kept AS SELECT 1 AS number; SELECT 1"
_IS_KEPT = "SELECT to_regclass('kept') IS NOT NULL"
_IS_WAITING = """
SELECT count(*) = 1 FROM pg_stat_activity
WHERE wait_event = 'SyncRep' AND query LIKE 'CREATE TABLE kept%'
"""
# A replica that still receives the end of the previous timeline does not count.
_IS_FOLLOWED_BY = """
SELECT count(*) = 1 FROM pg_stat_replication
WHERE application_name = '{}' AND sync_state = 'quorum'
AND CASE WHEN NOT pg_is_in_recovery() THEN flush_lsn = pg_current_wal_flush_lsn() END
"""
_CLEAN_UP = "DROP TABLE kept; SELECT 1"
_TIMELINE = "CHECKPOINT; SELECT timeline_id FROM pg_control_checkpoint()"


@pytest.fixture
def etcd(breakable: Cluster) -> Etcd:
    """The cluster's etcd."""
    return etcd_of(breakable)


@contextmanager
def hanging(node: Node) -> Iterator[None]:
    """Stop a server so that it accepts connections and never answers."""
    postmaster = node.postmaster()
    assert postmaster is not None
    with suspended(postmaster, *postmaster.children(recursive=True)):
        yield


@contextmanager
def not_promoted(node: Node) -> Iterator[None]:
    """Let a replica answer, and take the leader key, but not become a primary."""
    with suspended(startup_process(node)):
        yield


def die_with_log_that_nobody_has(cluster: Cluster, node: Node) -> None:
    """Let a primary write what no replica receives, and die."""
    with ExitStack() as held:
        for replica in replicas(cluster):
            held.enter_context(hanging(replica))
        # Its Patroni would see that nobody follows, and let none of the replicas lead.
        held.enter_context(suspended(psutil.Process(node.patroni.process.pid)))
        assert ask(cluster, node, _LEAVE_REPLICAS)
        ask(cluster, node, _MUCH_LOG)
        assert node.kill()


def answers(cluster: Cluster, node: Node, question: str) -> bool:
    with suppress(psycopg2.OperationalError):
        return bool(ask(cluster, node, question))
    return False


def test_a_former_primary_with_log_of_its_own_acknowledges_nothing_until_it_is_rewound(
    breakable: Cluster, etcd: Etcd
):
    former, (first, second) = breakable.primary(), replicas(breakable)
    assert former is not None
    with ThreadPoolExecutor(1) as aside, breakable.unsupervised(), ExitStack() as held:
        die_with_log_that_nobody_has(breakable, former)
        promoting = {node.name: ExitStack() for node in (first, second)}
        for node in (first, second):
            held.enter_context(promoting[node.name]).enter_context(not_promoted(node))
        drop_leader_key(breakable, former)
        name = eventually(etcd.leader, lambda name: name in promoting)
        leader, follower = (first, second) if name == first.name else (second, first)
        promoting[follower.name].close()
        # It comes back while nobody can know yet where the next timeline begins, and
        # appears to its Patroni as starting until the dead process is reaped.
        former.patroni.start()
        eventually(lambda: answers(breakable, former, "SELECT true"))
        with suspended(psutil.Process(former.patroni.process.pid)):
            promoting[leader.name].close()
            is_followed = _IS_FOLLOWED_BY.format(follower.name)
            eventually(lambda: answers(breakable, leader, is_followed))
            with hanging(follower):
                writing = aside.submit(ask, breakable, leader, _WRITE)
                eventually(
                    lambda: writing.done() or answers(breakable, leader, _IS_WAITING)
                )
                is_acknowledged = writing.done()
        writing.result(timeout=120)
        eventually(lambda: answers(breakable, former, _IS_KEPT))
        ask(breakable, leader, _CLEAN_UP)

    assert not is_acknowledged


@pytest.fixture
def promoted(breakable: Cluster) -> Node:
    """A primary that was a replica before."""
    if ask(breakable, breakable.primary(), _TIMELINE) == 1:
        switch_over(breakable)
    primary = breakable.wait_until_whole() or breakable.primary()
    assert primary is not None
    return primary


def test_whoever_has_more_than_a_primary_began_with_does_not_follow_it(
    breakable: Cluster, promoted: Node
):
    timeline, fork = beginning(breakable, promoted)

    for end, may_follow in (
        (LogEnd(timeline - 1, fork), True),
        (LogEnd(timeline - 1, fork + 1), False),
        (LogEnd(timeline, fork + 1), True),
        (LogEnd(timeline + 1, fork), False),
        (LogEnd(timeline + 1, 1), False),
    ):
        assert has_all(breakable, promoted, end) is may_follow, end


def test_whoever_has_more_than_a_leader_that_is_not_promoted_yet_does_not_follow_it(
    breakable: Cluster, promoted: Node
):
    replica = replicas(breakable)[0]
    timeline, _ = beginning(breakable, promoted)
    end = parse_lsn(ask(breakable, replica, "SELECT pg_last_wal_receive_lsn()"))

    assert has_all(breakable, replica, LogEnd(timeline, end))
    assert not has_all(breakable, replica, LogEnd(timeline, end + 2**30))


def test_who_has_to_be_rewound_does_not_follow_on_a_timeline_of_the_same_number(
    breakable: Cluster, promoted: Node
):
    timeline, fork = beginning(breakable, promoted)

    assert has_all(breakable, promoted, LogEnd(timeline, fork))
    assert not has_all(breakable, promoted, LogEnd(timeline, fork), is_needed=True)
    # The number of its timeline is enough, and writers may be waiting for a replica.
    assert has_all(breakable, promoted, LogEnd(timeline - 1, fork), is_needed=True)


def beginning(cluster: Cluster, primary: Node) -> tuple[int, int]:
    """Return the number of a primary's timeline, and where it began."""
    timeline = ask(cluster, primary, _TIMELINE)
    history = (primary.data / "pg_wal" / f"{timeline:08X}.history").read_text()
    return timeline, list(parse_history(history))[-1][1]


def has_all(
    cluster: Cluster, leader: Node, end: LogEnd, *, is_needed: bool = False
) -> bool:
    """Return whether a server whose log ends here would follow another one."""
    rewind = SimpleNamespace(
        rewind_or_reinitialize_needed_and_possible=lambda _: is_needed
    )
    password = cluster.addresses.secrets["replicator"]
    url = f"postgresql://replicator:{password}@127.0.0.1:{leader.port}"

    @contextmanager
    def cursor() -> Iterator[Any]:
        factory = PhysicalReplicationConnection
        with closing(psycopg2.connect(url, connection_factory=factory)) as connection:
            yield connection.cursor()

    server = SimpleNamespace(get_replication_connection_cursor=cursor)
    member = SimpleNamespace(name=leader.name, conn_kwargs=dict)
    return patroni_node._has_all(server, member, end, rewind)
