"""Leases a connection for reading: fresh enough, on the server that suits best."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from itertools import count
from time import monotonic, sleep

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from db.postgres import counters
from db.postgres.connections.failures import (
    NoServer,
    Trouble,
    raise_refused,
    trouble_of_read,
)
from db.postgres.connections.pools import Pool, PoolSizes, ask, driver_of
from db.postgres.connections.server_addresses import Address, open_reading
from db.postgres.identity import DatabaseIdentity, set_role
from db.postgres.watching.lsn import BEYOND, Lsn
from db.postgres.watching.nodes import NodeState, Role, choose
from db.postgres.watching.watch import ServerWatch

_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; "
_FIRST_GLANCE_SECONDS = 0.001
_LONGEST_GLANCE_SECONDS = 0.008

_POSITION = """
SELECT recovering, CASE WHEN recovering THEN pg_last_wal_replay_lsn()
                        ELSE pg_current_wal_flush_lsn() END
FROM (SELECT pg_is_in_recovery() AS recovering OFFSET 0) AS asked
"""


@dataclass(frozen=True, slots=True)
class Served:
    """Which server answered a read, and how fresh the answer was."""

    node: str
    role: Role
    lag_seconds: float | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Lease:
    """A connection on loan, and the server it belongs to."""

    connection: Connection
    served: Served


class Reads:
    """The pools of all servers, and the choice between them."""

    def __init__(
        self,
        addresses: Iterable[Address],
        watch: ServerWatch,
        sizes: PoolSizes,
        wait_seconds: float,
    ) -> None:
        self._watch = watch
        self._wait_seconds = wait_seconds
        self._turns = count()
        self._sizes = sizes
        self._addresses: dict[str, Address] = {}
        self.pools: dict[str, Pool] = {}
        self.adopt(addresses)

    def adopt(self, addresses: Iterable[Address]) -> None:
        """Read from these servers and no others from now on.

        Connections on loan are closed when they are given back.
        """
        wanted = {address.name: address for address in addresses}
        former, pools = self.pools, {}
        for name, address in wanted.items():
            if address == self._addresses.get(name):
                pools[name] = former[name]
        gone = [pool for name, pool in former.items() if name not in pools]
        for pool in gone:
            pool.close()
        for name, address in wanted.items():
            if name not in pools:
                pools[name] = Pool(name, partial(open_reading, address), self._sizes)
        # Replaced as a whole: other threads read it at any time.
        self._addresses, self.pools = wanted, pools

    @contextmanager
    def session(
        self,
        lease: Lease,
        avoiding: set[str],
        identity: DatabaseIdentity | None = None,
        *,
        is_snapshot: bool = False,
    ) -> Iterator[Session]:
        """Use up the lease for one transaction, in somebody's name.

        A server that fails is left out of later choices and added to `avoiding`.
        """
        with lease.connection as connection:
            try:
                info = {"served": lease.served}
                with Session(connection, info=info, expire_on_commit=False) as session:
                    if is_snapshot:
                        # First of all: PostgreSQL does not accept it after another
                        # statement.
                        driver_of(session.connection()).preface += _SNAPSHOT
                    set_role(session, identity)
                    yield session
            except Exception as error:
                trouble = trouble_of_read(error)
                self._avoid(lease.served.node, trouble, avoiding)
                if trouble is Trouble.LOST and not connection.invalidated:
                    connection.invalidate()
                raise_refused(error)
                raise

    def connect(self, after: Lsn | None, avoiding: set[str]) -> Lease:
        """Lend a connection that shows everything up to `after`, or raise NoServer."""
        self._watch.wait_for_first_look()
        failure: Exception | None = None
        turn = next(self._turns)
        for node in choose(self._watch.nodes(), after, turn=turn, avoiding=avoiding):
            try:
                connection = self._open(node, after)
            except Exception as error:
                trouble = trouble_of_read(error)
                if trouble is None:
                    raise
                self._avoid(node.name, trouble, avoiding)
                failure = error
            else:
                if connection is not None:
                    return Lease(connection, _served(node))
        raise NoServer("No server could serve a read.") from failure

    def _open(self, node: NodeState, after: Lsn | None) -> Connection | None:
        """Return a connection to this server; None if it lacks `after` for too long."""
        pool = self.pools.get(node.name)
        if pool is None:
            return None  # It was taken away since it was chosen.
        connection = pool.connect()
        try:
            if after is None or self._reaches(pool, node, connection, after):
                return connection
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        connection.close()
        return None

    def _reaches(
        self, pool: Pool, node: NodeState, connection: Connection, after: Lsn
    ) -> bool:
        """Return whether the connection shows everything up to `after`; wait a bit.

        A position seen since the connection was opened holds for its lifetime: a server
        goes back only when it restarts, and that ends every connection.
        """
        opened_at = pool.opened_at(connection)
        is_remembered = node.has_replayed(after) and opened_at <= node.seen_at
        if is_remembered or self._wait(node, connection, after):
            outcome = "remembered" if is_remembered else "waited"
            outcome = "primary" if node.role == "primary" else outcome
            _outcomes(outcome).inc()
            return True
        primary = self._watch.primary()
        # A position that no server is known to have says nothing about this replica.
        if primary is not None and primary.has_replayed(after):
            self._watch.note_missed(node.name, after)
        return False

    def _wait(self, node: NodeState, connection: Connection, after: Lsn) -> bool:
        deadline = monotonic() + self._wait_seconds
        pause = _FIRST_GLANCE_SECONDS
        while True:
            queried_at = monotonic()
            is_replica, reached = ask(connection, _POSITION)
            position = Lsn.parse(reached)
            self._watch.observe(node.name, position, queried_at)
            if position >= after:
                return True
            if after == BEYOND:
                # Waiting makes no replica the primary, and the primary no newer.
                return not is_replica
            if queried_at + pause > deadline:
                # What the primary does not have, no server has: without synchronous
                # replication a failover may have lost what the caller once saw.
                return not is_replica
            sleep(pause)
            pause = min(2 * pause, _LONGEST_GLANCE_SECONDS)

    def _avoid(self, name: str, trouble: Trouble | None, avoiding: set[str]) -> None:
        if trouble is not None:
            avoiding.add(name)
        if trouble is Trouble.LOST:
            self._watch.mark_down(name)


def _served(node: NodeState) -> Served:
    role = node.role or "replica"
    _reads(node.name, role).inc()
    return Served(node.name, role, node.lag_seconds, datetime.now(UTC))


# Finding a counter by its labels takes longer than choosing a server.
_reads = cache(counters.READS.labels)
_outcomes = cache(counters.LSN_WAITS.labels)
