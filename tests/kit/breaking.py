"""Ways in which tests may break a cluster, each undone at the end of its block."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any

import psutil
import psycopg2

from db.cluster.control_client import Control
from db.cluster.fault_kinds import Fault
from db.embedded import Cluster, Node
from db.embedded.processes import killing
from db.embedded.servers.etcd import Etcd
from tests.kit.waiting import eventually

_CATCH_UP_SECONDS = 30
_HEARTBEAT = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'Patroni heartbeat'"
)


def replicas(cluster: Cluster) -> list[Node]:
    """Return the nodes that follow the primary."""
    return [node for node in cluster.nodes if node.is_replica]


def ask(
    cluster: Cluster, node: Node, statement: str, database: str = "postgres"
) -> Any:
    """Run a statement on a node as the administrator, and return its single value."""
    url = cluster.addresses.node_url(node.name, "postgres", database)
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]


def heartbeat(cluster: Cluster, node: Node) -> psutil.Process:
    """Return the backend that a node's Patroni queries before it does anything.

    Without its answer Patroni does nothing but answer requests from others.
    """
    return psutil.Process(ask(cluster, node, _HEARTBEAT))


@contextmanager
def replay_paused(cluster: Cluster) -> Iterator[None]:
    """Pause replay on the replicas, and keep Patroni from resuming it.

    They go on receiving, and have replayed everything written before.
    """
    nodes = replicas(cluster)
    written = ask(cluster, cluster.primary(), "SELECT pg_current_wal_flush_lsn()")
    for node in nodes:
        await_replayed(cluster, node, written)
    with ExitStack() as stack:
        stack.enter_context(cluster.unsupervised())
        for node in nodes:
            stack.enter_context(suspended(psutil.Process(node.patroni.process.pid)))
            ask(cluster, node, "SELECT pg_wal_replay_pause()")
            stack.callback(ask, cluster, node, "SELECT pg_wal_replay_resume()")
        yield


def await_replayed(cluster: Cluster, node: Node, position: str) -> None:
    """Wait until a replica has replayed up to this position of the primary."""
    question = f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"
    eventually(lambda: ask(cluster, node, question), seconds=_CATCH_UP_SECONDS)


@contextmanager
def kept_down(control: Control, node: Node) -> Iterator[None]:
    """Kill a server, and let it be started again after the block."""
    fences = control.report().node(node.name).fences
    control.inflict(Fault.KILL_NODE, node.name, seconds=300)
    # Until it has fenced the node, the supervisor kills whatever is started there.
    eventually(lambda: control.report().node(node.name).fences > fences)
    # PostgreSQL does not start while a process has the number of its predecessor.
    eventually(lambda: not psutil.pid_exists(killing.recorded_pid(node.data)))
    yield
    control.heal(Fault.KILL_NODE, node.name)


def switch_over(cluster: Cluster) -> None:
    """Switch over to another node.

    Patroni refuses one that has only just joined, or takes two seconds to answer it.
    """
    eventually(lambda: is_switched_over(cluster, replicas(cluster)[0].name))


def is_switched_over(cluster: Cluster, candidate: str) -> bool:
    """Switch over to the candidate, and return whether it leads."""
    try:
        cluster.switch_over(candidate)
    except RuntimeError:
        return cluster.node(candidate).is_primary
    return True


def etcd_of(cluster: Cluster) -> Etcd:
    """Return the cluster's etcd, whose leader key can be read and dropped."""
    there = cluster.addresses
    return Etcd.of(cluster.folder, there.ports, there.secrets)


def drop_leader_key(cluster: Cluster, dead: Node) -> None:
    """Let another node lead at once instead of when the dead leader's key expires."""
    etcd = etcd_of(cluster)
    key = etcd.leadership()
    if key is not None and key.name == dead.name:
        assert etcd.drop(key)


def command_line(process: psutil.Process) -> list[str]:
    """Return a process's command line or title; an empty list once it has ended.

    PostgreSQL's processes for a single connection can end at any time.
    """
    try:
        # In a warm process, the rest of the space reserved for the words follows.
        return [word for word in process.cmdline() if word]
    except psutil.Error:
        return []


def startup_process(node: Node) -> psutil.Process:
    """Return the process that replays the log on a server."""
    return _process_of(node, "startup")


def wal_receiver(node: Node) -> psutil.Process:
    """Return the process that receives the log on a replica."""
    return _process_of(node, "walreceiver")


def _process_of(node: Node, title: str) -> psutil.Process:
    postmaster = node.postmaster()
    assert postmaster is not None
    # A new connection's process is also called startup for an instant, after its user.
    titled = re.compile(rf"postgres: (\S+: )?{title}( |$)")
    (process,) = (
        child
        for child in postmaster.children()
        if titled.match(" ".join(command_line(child)))
    )
    return process


@contextmanager
def suspended(first: psutil.Process, *others: psutil.Process) -> Iterator[None]:
    """Suspend processes: the first, and those of the others that are still alive.

    A process that serves a single connection can end with it at any time, even now.
    """
    first.suspend()
    for process in others:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    try:
        yield
    finally:
        for process in (first, *others):
            with suppress(psutil.NoSuchProcess):
                process.resume()


@contextmanager
def leaderless(cluster: Cluster) -> Iterator[None]:
    """Kill the primary, and let no node take over while the block lasts.

    The replicas go on answering; their Patronis and the supervisor are suspended.
    """
    primary = cluster.primary()
    assert primary is not None, "nobody leads already"
    with cluster.unsupervised(), ExitStack() as stack:
        for node in replicas(cluster):
            process = psutil.Process(node.patroni.process.pid)
            stack.enter_context(suspended(process))
        assert primary.kill()
        yield
