"""Which node is called primary, and which cluster whole: the current truth."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import psutil
import psycopg2
import pytest

from db.cluster.control_client import Control
from db.cluster.fault_kinds import Fault
from db.embedded import Cluster, Node
from db.embedded.servers.fleet import is_whole
from tests.kit.breaking import ask, heartbeat, replicas, suspended
from tests.kit.waiting import eventually

pytestmark = pytest.mark.cluster

STARTUP = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'startup'"
DROP_RECEIVERS = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_replication"
RECEIVERS = "SELECT count(*) FROM pg_stat_replication"


def test_nobody_is_called_primary_before_it_takes_writes(breakable: Cluster):
    former, control = breakable.primary(), Control.of(breakable.endpoints)
    assert former is not None
    assert control is not None

    try:
        with promotions_held(breakable):
            control.inflict(Fault.KILL_NODE, former.name, seconds=300)
            chosen = eventually(lambda: holder_of_the_key(breakable, former))

            assert chosen.is_leader
            assert ask(breakable, chosen, "SELECT pg_is_in_recovery()")
            assert breakable.primary() is None
    finally:
        control.heal(Fault.KILL_NODE, former.name)

    assert eventually(breakable.primary) == chosen
    assert not ask(breakable, chosen, "SELECT pg_is_in_recovery()")


def test_a_cluster_whose_replicas_receive_nothing_is_not_whole(breakable: Cluster):
    with nobody_notes_anything(breakable), replication_refused(breakable):
        # Patroni's records of all nodes are unchanged.
        assert all(node.answers("/health") for node in breakable.nodes)

        assert not is_whole(breakable.nodes)

    breakable.wait_until_whole()


@contextmanager
def promotions_held(cluster: Cluster) -> Iterator[None]:
    """Keep every replica from becoming a primary, whatever promotes it."""
    with ExitStack() as stack:
        for node in replicas(cluster):
            startup = psutil.Process(ask(cluster, node, STARTUP))
            stack.enter_context(suspended(startup))
        yield


@contextmanager
def nobody_notes_anything(cluster: Cluster) -> Iterator[None]:
    """Make every Patroni answer as before, but observe nothing."""
    with cluster.unsupervised(), ExitStack() as stack:
        for node in cluster.nodes:
            stack.enter_context(suspended(heartbeat(cluster, node)))
        yield


@contextmanager
def replication_refused(cluster: Cluster) -> Iterator[None]:
    """Cut every replica off from the log."""
    primary = cluster.primary()
    assert primary is not None
    let_replicate(cluster, primary, "NOLOGIN")
    try:
        ask(cluster, primary, DROP_RECEIVERS)
        eventually(lambda: ask(cluster, primary, RECEIVERS), lambda count: count == 0)
        yield
    finally:
        let_replicate(cluster, primary, "LOGIN")


def let_replicate(cluster: Cluster, primary: Node, word: str) -> None:
    """Allow or forbid replication, without waiting for a replica to learn of it."""
    url = cluster.addresses.node_url(primary.name, "postgres", "postgres")
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = local")
            cursor.execute(f"ALTER ROLE replicator {word}")


def holder_of_the_key(cluster: Cluster, former: Node) -> Node | None:
    """Return the node that holds the leader key after another one, if there is one."""
    others = [node for node in cluster.nodes if node is not former]
    return next((node for node in others if node.is_leader), None)
