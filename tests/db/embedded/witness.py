"""Writes on every node separately, so that two that acknowledge at once are seen."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from threading import Event, Thread
from typing import Protocol

import psycopg2
from psycopg2.errors import ReadOnlySqlTransaction
from psycopg2.extensions import make_dsn

from db.embedded import Addresses, Node
from tests.kit.waiting import eventually

_BREATH_SECONDS = 0.03
_CATCH_UP_SECONDS = 30
_TABLE = "CREATE TABLE IF NOT EXISTS witnessed (node text, number bigint)"
_WRITE = (
    "INSERT INTO witnessed VALUES (%s, %s) RETURNING "
    # A segment's name begins with its timeline.
    "('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int"
)


class Watched(Protocol):
    """A cluster, whichever process has started it."""

    @property
    def addresses(self) -> Addresses:
        """Every address of the cluster."""

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The cluster's nodes."""


@dataclass(frozen=True)
class Acknowledged:
    """A write that a node acknowledged as committed, on which timeline, and when."""

    node: str
    number: int
    timeline: int
    sent_at: float
    answered_at: float


class Witness:
    """A writer per node, each on that very node; only a primary accepts its writes."""

    def __init__(self, cluster: Watched) -> None:
        self._cluster = cluster
        self._stopping = Event()
        self._acknowledged: list[Acknowledged] = []

    @contextmanager
    def watching(self) -> Iterator["Witness"]:
        """Write until the block ends."""
        self._ask(self._cluster.addresses.primary_url("postgres", "postgres"), _TABLE)
        threads = [
            Thread(target=self._write_on, args=[node.name], daemon=True)
            for node in self._cluster.nodes
        ]
        for thread in threads:
            thread.start()
        try:
            self.await_writes()
            yield self
        finally:
            self._stopping.set()
            for thread in threads:
                # A writer that waits for a frozen server is left alone.
                thread.join(timeout=5)

    @property
    def acknowledged(self) -> tuple[Acknowledged, ...]:
        """All acknowledged writes so far, in the order of their acknowledgement."""
        return tuple(sorted(self._acknowledged, key=lambda write: write.answered_at))

    def await_writes(self, count: int = 1, *, seconds: float = 60) -> None:
        """Wait until so many writes that are sent from now on are acknowledged."""
        since = time.monotonic()

        def newer() -> int:
            newest = self._acknowledged[-10 * count :]
            return sum(write.sent_at > since for write in newest)

        eventually(newer, lambda seen: seen >= count, seconds=seconds)

    def pause_since(self, timestamp: float) -> float:
        """Return for how long no write was acknowledged, around a time or after it."""
        ends = [write.answered_at for write in self.acknowledged]
        ends = [end for end in ends if end > timestamp - 1]
        return max(later - sooner for sooner, later in pairwise(ends))

    def crossed(self) -> list[Acknowledged]:
        """Return what a former primary acknowledged after a newer one had begun to.

        Only what was sent after that counts: the answer to an earlier write may be
        late.
        """
        crossed, begun = [], dict[int, float]()
        for write in self.acknowledged:
            begun.setdefault(write.timeline, write.answered_at)
            newer = [at for timeline, at in begun.items() if timeline > write.timeline]
            if newer and write.sent_at > min(newer):
                crossed.append(write)
        return crossed

    def lost(self) -> dict[str, int]:
        """Return by node how many acknowledged writes it does not have.

        Replicas get time to catch up, and to come back: Patroni restarts one to follow
        another leader. A node that still does not answer then counts as empty.
        """
        expected = {(write.node, write.number) for write in self.acknowledged}
        first = min((write.number for write in self.acknowledged), default=0)
        deadline = time.monotonic() + _CATCH_UP_SECONDS
        while True:
            lost = {
                node.name: len(expected - self._rows(node.name, since=first))
                for node in self._cluster.nodes
            }
            lost = {name: count for name, count in lost.items() if count}
            if not lost or time.monotonic() > deadline:
                return lost
            time.sleep(0.2)

    def _rows(self, name: str, *, since: int) -> set[tuple[str, int]]:
        url = self._cluster.addresses.node_url(name, "postgres", "postgres")
        rows = f"SELECT node, number FROM witnessed WHERE number >= {since}"
        try:
            return set(self._ask(url, rows))
        except psycopg2.OperationalError:
            return set()

    def _ask(self, url: str, statement: str) -> list[tuple[str, int]]:
        with closing(psycopg2.connect(url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def _write_on(self, name: str) -> None:
        url = self._cluster.addresses.node_url(name, "postgres", "postgres")
        dsn = make_dsn(url, connect_timeout=2)
        while not self._stopping.wait(_BREATH_SECONDS):
            try:
                with closing(psycopg2.connect(dsn)) as connection:
                    connection.autocommit = True
                    while not self._stopping.wait(_BREATH_SECONDS):
                        self._write(connection, name)
            except psycopg2.Error:
                continue

    def _write(self, connection: psycopg2.extensions.connection, name: str) -> None:
        sent_at = time.monotonic()
        with connection.cursor() as cursor:
            # Tests share one cluster: the time distinguishes their writes.
            number = time.time_ns()
            try:
                cursor.execute(_WRITE, [name, number])
            except ReadOnlySqlTransaction:
                return
            (timeline,) = cursor.fetchone()
        if any("synchronous replication" in notice for notice in connection.notices):
            # PostgreSQL itself warns that this was committed only locally: that is no
            # promise.
            connection.notices.clear()
            return
        self._acknowledged.append(
            Acknowledged(name, number, timeline, sent_at, time.monotonic())
        )
