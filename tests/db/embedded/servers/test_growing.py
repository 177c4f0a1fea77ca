"""Nodes join and leave a cluster that keeps working, and leave nothing behind."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psutil
import pytest

from db import embedded
from db.cluster.control_client import Control, ControlRefused
from db.embedded import Cluster, Node
from db.postgres import Database
from tests.kit.breaking import (
    ask,
    await_replayed,
    command_line,
    is_switched_over,
    suspended,
    switch_over,
)
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster


@pytest.fixture
def control(breakable: Cluster) -> Iterator[Control]:
    """The control of the cluster that may be broken, as another process finds it.

    Nodes that a failed test has added are removed again.
    """
    published = embedded.running(breakable.folder.path)
    assert published is not None
    control = Control.of(published)
    assert control is not None
    names = {node.name for node in breakable.nodes}
    yield control
    for name in {node.name for node in breakable.nodes} - names:
        if breakable.node(name).is_primary:
            switch_over(breakable)
            eventually(lambda name=name: breakable.node(name).is_replica)
        control.remove_replica(name)


@pytest.fixture
def database(breakable: Cluster) -> Iterator[Database]:
    """The routed database, as of the first three nodes."""
    with closing(Database(breakable.endpoints)) as database:
        yield database


def write(cluster: Cluster) -> str:
    """Commit something on the primary, and return where its log then ends."""
    primary = cluster.primary()
    ask(cluster, primary, "SELECT pg_logical_emit_message(true, 'test', 'a word')")
    return ask(cluster, primary, "SELECT pg_current_wal_flush_lsn()")


def connections_to(node: Node) -> set[tuple[object, object]]:
    """Return this process's connections to a node's Patroni or PostgreSQL."""
    return {
        (connection.laddr, connection.raddr)
        for connection in psutil.Process().net_connections("tcp4")
        if connection.raddr and connection.raddr.port in {node.port, node.api_port}
    }


def test_a_fourth_node_joins_leads_and_leaves_while_everything_works(
    breakable: Cluster, control: Control, database: Database
):
    former = breakable.primary()
    name = control.add_replica()
    breakable.wait_until_whole()
    published = embedded.running(breakable.folder.path)
    assert published == breakable.endpoints
    database.adopt(published)

    # Patroni refuses a node that it has not seen following yet.
    eventually(lambda: is_switched_over(breakable, name))

    assert eventually(lambda: breakable.node(name).is_primary)
    with database.connect_primary() as connection:
        written = connection.exec_driver_sql(
            "SELECT inet_server_port() FROM pg_current_xact_id()"
        )
        assert written.scalar_one() == breakable.node(name).port
    with pytest.raises(ControlRefused, match="leads: switch over first"):
        control.remove_replica(name)

    breakable.wait_until_whole()
    eventually(lambda: is_switched_over(breakable, former.name))
    assert eventually(lambda: former.is_primary)
    breakable.wait_until_whole()
    control.remove_replica(name)

    database.adopt(breakable.endpoints)
    assert eventually(lambda: name not in {n.name for n in database.nodes()})
    assert name not in breakable.endpoints.replica_urls
    assert not breakable.folder.node_data(name).exists()
    assert not any(
        name in word
        for process in breakable.processes()
        for word in command_line(process)
    )
    assert name not in breakable.folder.ports()
    slots = ask(
        breakable, former, "SELECT string_agg(slot_name, ' ') FROM pg_replication_slots"
    )
    assert name.replace("-", "_") not in slots.split()
    assert eventually(lambda: name not in known_to(former))


def known_to(node: Node) -> set[str]:
    """Return the names of the members that a node's Patroni knows."""
    answer = node.ask("/cluster")
    assert answer is not None
    return {member["name"] for member in answer.body["members"]}


def test_what_a_removed_node_leaves_is_removed_once_somebody_leads(
    breakable: Cluster, control: Control
):
    name = control.add_replica()
    breakable.wait_until_whole()
    primary = breakable.primary()

    control.supervised(False)
    try:
        with suspended(*primary.family()):
            control.remove_replica(name)
            assert name in breakable.folder.ports()
    finally:
        control.supervised(True)

    eventually(lambda: name not in breakable.folder.ports())
    slots = "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'db_04'"
    assert name == "db-04"
    assert ask(breakable, breakable.primary(), slots) == 0


def test_a_delayed_standby_is_neither_read_nor_waited_for_nor_promoted(
    breakable: Cluster, control: Control
):
    name = control.add_replica(delayed_seconds=900)
    try:
        breakable.wait_until_whole()
        primary, late = breakable.primary(), breakable.node(name)
        written = write(breakable)
        for node in breakable.nodes:
            if node.name not in {primary.name, late.name}:
                await_replayed(breakable, node, written)

        replayed = f"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn"
        received = f"SELECT pg_last_wal_receive_lsn() >= '{written}'::pg_lsn"
        assert not ask(breakable, late, replayed)
        assert eventually(lambda: ask(breakable, late, received))
        assert name not in breakable.endpoints.replica_urls
        assert name in breakable.endpoints.delayed_urls
        assert str(late.port) not in breakable.endpoints.database_url
        awaited = ask(breakable, primary, "SHOW synchronous_standby_names")
        assert name not in awaited
        with pytest.raises(RuntimeError, match="refused"):
            breakable.switch_over(name)
    finally:
        control.remove_replica(name)


def test_a_node_is_added_although_another_dies_while_it_is_asked(
    breakable: Cluster, control: Control
):
    first = breakable.nodes[0]
    if first.is_primary:
        eventually(lambda: is_switched_over(breakable, breakable.nodes[1].name))
        assert eventually(lambda: first.is_replica)
    with ThreadPoolExecutor(1) as aside:
        with breakable.unsupervised(), suspended(*first.servers()):
            before = connections_to(first)
            adding = aside.submit(control.add_replica)
            assert eventually(lambda: connections_to(first) - before)
            first.kill()
        name = adding.result()

    control.remove_replica(name)

    assert name not in {node.name for node in breakable.nodes}


def test_a_primary_that_does_not_answer_is_not_copied_and_that_is_said(
    breakable: Cluster, control: Control
):
    server = breakable.primary().postmaster()

    # Existing connections continue, and no new ones are accepted.
    with (
        breakable.unsupervised(),
        suspended(server),
        pytest.raises(ControlRefused, match="leads and does not answer"),
    ):
        control.add_replica()

    assert len(breakable.nodes) == 3


def test_nobody_takes_away_what_the_next_loss_will_need(
    breakable: Cluster, control: Control
):
    replica = next(node for node in breakable.nodes if node.is_replica)

    with pytest.raises(ControlRefused, match="Add another one first"):
        control.remove_replica(replica.name)

    assert replica.is_replica


def test_a_node_that_is_not_there_cannot_be_removed(control: Control):
    with pytest.raises(ControlRefused, match="There is no node db-09"):
        control.remove_replica("db-09")


def test_a_paused_replica_receives_and_shows_again_by_itself(
    breakable: Cluster, control: Control
):
    replica = next(node for node in breakable.nodes if node.is_replica)
    delay = "SHOW recovery_min_apply_delay"

    control.pause_replay(replica.name, 4)

    assert control.report().node(replica.name).replay_paused_until
    assert eventually(lambda: ask(breakable, replica, delay) != "0")
    written = write(breakable)
    received = f"SELECT pg_last_wal_receive_lsn() >= '{written}'::pg_lsn"
    replayed = f"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn"
    assert eventually(lambda: ask(breakable, replica, received))
    assert not ask(breakable, replica, replayed)
    assert eventually(lambda: ask(breakable, replica, replayed))
    assert control.report().node(replica.name).replay_paused_until is None


def test_the_primary_has_nothing_to_pause(breakable: Cluster, control: Control):
    with pytest.raises(ControlRefused, match="nothing to replay"):
        control.pause_replay(breakable.primary().name, 5)
