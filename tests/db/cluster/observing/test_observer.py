"""All servers are observed at once, whatever any of them does."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import psycopg2
import pytest

from db.cluster.observing import (
    ClusterMonitor,
    ClusterSnapshot,
    Observer,
    monitor as monitoring,
)
from db.cluster.observing.queries import Asker, ask
from db.postgres.connections.server_addresses import Address
from tests.conftest import owner
from tests.kit import breaking
from tests.kit.waiting import eventually, in_time

_MEGABYTE = "SELECT pg_logical_emit_message(true, 'x', repeat('x', 1000000))"


def write(url):
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(_MEGABYTE)


@pytest.fixture
def observer(endpoints):
    with closing(Observer(endpoints)) as observer:
        yield observer


def test_all_that_can_be_known_of_a_server_is_known(observer):
    seen = eventually(observer.look, lambda s: s.is_automatic is not None)

    assert [node.name for node in seen.nodes] == ["db-01", "db-02", "db-03"]
    assert (seen.acknowledgements, seen.has_quorum) == (1, True)
    assert seen.settings["synchronous_mode"] == "quorum"
    assert seen.is_etcd_answering is True
    for node in seen.nodes:
        assert node.is_answering
        assert (node.version, node.timeline) == ("18.6", seen.timeline)
        assert 0 < node.connections <= node.connections_max
        assert 0 < node.disk_free_bytes < node.disk_total_bytes
        assert abs(node.clock_skew_seconds) <= node.latency_seconds
        assert node.latency_seconds > 0
        assert node.started_at < seen.taken_at
        assert node.lsn is not None
    for node in seen.replicas:
        assert node.state == f"streaming on timeline {seen.timeline}"
        assert (node.upstream, node.sync) == (seen.primary.name, "quorum")


def test_without_patroni_and_settings_followers_are_seen_all_the_same(endpoints):
    with closing(Observer(endpoints)) as observer:
        primary = observer.look().primary.name
    only = {primary: endpoints.replica_urls[primary]}
    url = endpoints.replica_urls[primary]
    alone = replace(endpoints, database_url=url, replica_urls=only, patroni_urls={})

    with closing(Observer(alone)) as observer:
        seen = observer.look()

    assert (seen.has_patroni, seen.is_patroni_answering) == (False, None)
    assert len(seen.replicas) == 2
    for node in seen.replicas:
        assert not node.is_listed
        assert node.state == f"streaming on timeline {seen.timeline}"
        assert (node.sync, node.upstream) == ("quorum", primary)
        assert node.replay.seconds is not None


def test_when_nobody_writes_nobody_is_behind(observer):
    eventually(
        observer.look,
        lambda seen: all(n.replay.bytes == 0 for n in seen.replicas),
    )

    for node in observer.look().replicas:
        if node.replay.bytes == 0:
            assert node.replay.seconds == 0.0


def test_a_server_that_is_not_there_says_nothing_and_delays_nobody(endpoints):
    nowhere = "postgresql://nobody:secret@127.0.0.1:1/gone"
    more = replace(endpoints, replica_urls=endpoints.replica_urls | {"db-09": nowhere})
    with closing(Observer(more, timeout_seconds=600)) as observer:
        in_time(observer.look)
        seen = in_time(observer.look)

    node = seen.node("db-09")
    assert (node.state, node.is_answering, node.seen_at) == (
        "not answering",
        False,
        None,
    )
    assert node.latency_seconds is None


def test_a_server_is_given_half_a_second_to_answer(endpoints, monkeypatch):
    given = []

    def ask(_, seconds):
        given.append(seconds)
        return {}

    monkeypatch.setattr("db.cluster.observing.observer.ask", ask)
    with closing(Observer(endpoints)) as observer:
        observer.look()

    assert given == [0.5]


def test_a_server_that_says_nothing_is_given_up_when_its_time_is_over():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        asker = Asker(Address("db-09", {"host": host, "port": str(port)}))
        answers = in_time(lambda: ask([asker], 0.05))

    assert (answers, asker.answer, asker._connection) == ({}, None, None)


def test_a_second_look_asks_by_the_connections_and_the_plan_of_the_first(endpoints):
    with closing(Observer(endpoints, timeout_seconds=600)) as observer:
        observer.look()
        askers = list(observer._askers.values())
        connections = [asker._connection for asker in askers]
        observer.look()

        assert None not in connections
        assert [asker._connection for asker in askers] == connections
        assert [asker._cursor.query for asker in askers] == [b"EXECUTE look"] * 3


def test_servers_come_and_go_while_others_stay_connected(endpoints):
    first, *rest = endpoints.replica_urls
    fewer = {name: endpoints.replica_urls[name] for name in rest}
    with closing(Observer(endpoints)) as observer:
        observer.look()
        hosts = observer.look().nodes[0].lsn
        observer.adopt(replace(endpoints, delayed_urls={"late": fewer[rest[0]]}))
        late = observer.look().node("late")
        assert late.tags.is_delayed
        observer.adopt(endpoints)

        assert [node.name for node in observer.look().nodes] == [first, *rest]
        assert hosts is not None


def test_the_servers_are_looked_at_again_and_again(endpoints):
    with closing(ClusterMonitor(endpoints)) as monitor:
        looks = eventually(monitor.recent, lambda recent: len(recent) >= 3)

    assert sorted({look.taken_at for look in looks}) == [x.taken_at for x in looks]


def test_however_many_watch_the_servers_are_asked_no_sooner(endpoints, monkeypatch):
    # As if the first second were an hour.
    monkeypatch.setattr(monitoring, "_LOOK_SECONDS", 3600.0)
    monkeypatch.setattr(monitoring, "_FIRST_LOOK_SECONDS", 60.0)

    with closing(ClusterMonitor(endpoints)) as monitor, ThreadPoolExecutor(20) as many:
        seen = list(many.map(lambda _: monitor.latest(), range(60)))

    assert len(set(map(id, seen))) == 1


def test_a_second_after_a_look_began_the_next_one_does(endpoints, monkeypatch):
    now, pauses, monitor = [0.0], [], ClusterMonitor(endpoints)
    looks_take = iter([0.25, 3.0, 0.5])

    def look():
        now[0] += next(looks_take)
        return ClusterSnapshot(datetime.now(UTC), ())

    def pause(_, seconds):
        pauses.append(seconds)
        monitor._is_closed = len(pauses) == 3

    monkeypatch.setattr(monitor.observer, "look", look)
    monkeypatch.setattr(monitor._changed, "wait_for", pause)
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr(monitoring, "time", clock)

    monitor._run()
    monitor.close()

    assert pauses == [0.75, 0.0, 0.5]


@pytest.mark.cluster
def test_a_replica_that_does_not_replay_falls_behind_by_the_second(breakable):
    url = owner(breakable.endpoints)
    with closing(Observer(breakable.endpoints)) as observer:
        observer.look()
        with breaking.replay_paused(breakable):
            write(url)
            began = time.monotonic()
            seen = eventually(
                observer.look, lambda s: (s.replicas[0].replay.seconds or 0) >= 2
            )
            lasted = time.monotonic() - began
            node = seen.replicas[0]
            # The lag is a time, so it is compared with the clock, not with a limit of
            # how long anything may take.
            assert node.replay.seconds <= lasted + 0.5
            assert node.replay.bytes >= 1_000_000
            assert node.is_replay_paused
            assert node.state.endswith("replay paused")
            assert node.flush.bytes < 1_000_000
        eventually(observer.look, lambda s: s.replicas[0].replay.seconds == 0)


@pytest.mark.cluster
def test_a_server_that_hangs_is_not_waited_for_and_hides_no_other(breakable):
    with closing(Observer(breakable.endpoints)) as observer:
        observer.look()
        node = breaking.replicas(breakable)[0]
        postmaster = node.postmaster()
        family = [postmaster, *postmaster.children(recursive=True)]
        with breakable.unsupervised(), breaking.suspended(*family):
            seen = in_time(observer.look)
            assert not seen.node(node.name).is_answering
            assert sum(node.is_answering for node in seen.nodes) == 2
        eventually(observer.look, lambda s: s.node(node.name).is_streaming)


@pytest.mark.cluster
def test_another_leader_is_seen_with_what_became_of_the_former(breakable):
    with closing(Observer(breakable.endpoints)) as observer:
        before = eventually(
            observer.look, lambda s: len(s.timeline_ends) > 0 or s.is_automatic
        )
        candidate = breaking.replicas(breakable)[0].name

        eventually(lambda: breaking.is_switched_over(breakable, candidate))

        seen = eventually(
            observer.look,
            lambda s: s.primary is not None and s.primary.name == candidate,
        )
        assert seen.timeline > before.timeline
        assert seen.leaderless_since is None
        seen = eventually(observer.look, lambda s: before.timeline in s.timeline_ends)
        eventually(
            observer.look,
            lambda s: (
                s.node(before.primary.name).state
                == f"streaming on timeline {seen.timeline}"
            ),
        )
