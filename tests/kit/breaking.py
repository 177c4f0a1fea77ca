"""Ways to break a cluster that tests may break, each undone at its block's end."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any

import psutil
import psycopg2

from db.embedded import Cluster, Node
from db.embedded.servers.etcd import Etcd
from tests.kit.waiting import eventually

_CATCH_UP_SECONDS = 30
_HEARTBEAT = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'Patroni heartbeat'"
)


def replicas(cluster: Cluster) -> list[Node]:
    """Return the nodes that follow."""
    return [node for node in cluster.nodes if node.is_replica]


def ask(
    cluster: Cluster, node: Node, statement: str, database: str = "postgres"
) -> Any:
    """Run a statement on a node as the administrator, and return its one value."""
    url = cluster.addresses.node_url(node.name, "postgres", database)
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]


def heartbeat(cluster: Cluster, node: Node) -> psutil.Process:
    """Return the backend that a node's Patroni asks before it does anything.

    Without its answer Patroni stands still, but for the questions of others.
    """
    return psutil.Process(ask(cluster, node, _HEARTBEAT))


@contextmanager
def replay_paused(cluster: Cluster) -> Iterator[None]:
    """Let the replicas receive and not replay, nor Patroni see to it that they do.

    What was written before, they have.
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
    """Wait until a replica shows what the primary had written at this position."""
    question = f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"
    eventually(lambda: ask(cluster, node, question), seconds=_CATCH_UP_SECONDS)


def switch_over(cluster: Cluster) -> None:
    """Let another node lead.

    Patroni refuses one that has only just joined, or takes two seconds to answer it.
    """
    eventually(lambda: is_switched_over(cluster, replicas(cluster)[0].name))


def is_switched_over(cluster: Cluster, candidate: str) -> bool:
    """Let the candidate lead; tell whether it does."""
    try:
        cluster.switch_over(candidate)
    except RuntimeError:
        return cluster.node(candidate).is_primary
    return True


def etcd_of(cluster: Cluster) -> Etcd:
    """Return what the servers agree by: its leader key can be read and dropped."""
    there = cluster.addresses
    return Etcd.of(cluster.folder, there.ports, there.secrets)


def drop_leader_key(cluster: Cluster, dead: Node) -> None:
    """Let another lead at once, not only when the key of a dead leader runs out."""
    etcd = etcd_of(cluster)
    key = etcd.leadership()
    if key is not None and key.name == dead.name:
        assert etcd.drop(key)


def command_line(process: psutil.Process) -> list[str]:
    """Return the words a process was started with, or calls itself; none once it ended.

    PostgreSQL's processes for a single connection end at any time.
    """
    try:
        # Of a warm one, what is left of the room for them follows.
        return [word for word in process.cmdline() if word]
    except psutil.Error:
        return []


def startup_process(node: Node) -> psutil.Process:
    """Return the process by which a server replays the log."""
    return _process_of(node, "startup")


def wal_receiver(node: Node) -> psutil.Process:
    """Return the process by which a replica receives the log."""
    return _process_of(node, "walreceiver")


def _process_of(node: Node, title: str) -> psutil.Process:
    postmaster = node.postmaster()
    assert postmaster is not None
    # A connection that begins is called startup for a moment, too, after whose it is.
    titled = re.compile(rf"postgres: (\S+: )?{title}( |$)")
    (process,) = (
        child
        for child in postmaster.children()
        if titled.match(" ".join(command_line(child)))
    )
    return process


@contextmanager
def suspended(first: psutil.Process, *others: psutil.Process) -> Iterator[None]:
    """Stop processes in their tracks: one, and its children as far as they live.

    Whoever serves a single connection may end with it, also just now.
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
    """Let the primary die, and nobody follow it while the block lasts.

    The replicas go on answering; whoever looks after them stands still.
    """
    primary = cluster.primary()
    assert primary is not None, "nobody leads already"
    with cluster.unsupervised(), ExitStack() as stack:
        for node in replicas(cluster):
            process = psutil.Process(node.patroni.process.pid)
            stack.enter_context(suspended(process))
        assert primary.kill()
        yield
