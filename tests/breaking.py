"""Ways to break a cluster that tests may break, each undone at its block's end."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Any

import psutil
import psycopg2

from db.embedded import Cluster, Node

_CATCH_UP_SECONDS = 30


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
    deadline = time.monotonic() + _CATCH_UP_SECONDS
    while not ask(
        cluster, node, f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"
    ):
        assert time.monotonic() < deadline, f"{node.name} does not catch up"
        time.sleep(0.05)


@contextmanager
def suspended(*processes: psutil.Process) -> Iterator[None]:
    """Stop processes in their tracks."""
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()
