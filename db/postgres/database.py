"""The one way to the clinic's records: read near, write safely, outlive a failover."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.postgres import counters
from db.postgres.connections.failures import (
    DatabaseUnavailable,
    NoPrimary,
    NoServer,
    NotOnReplica,
    OutcomeUnknown,
    RetryPolicy,
    Trouble,
    Unanswered,
    trouble_of,
    trouble_of_read,
)
from db.postgres.connections.pools import PoolSizes
from db.postgres.connections.server_addresses import ServerAddresses
from db.postgres.identity import DatabaseIdentity, set_role
from db.postgres.transactions import receipts
from db.postgres.transactions.reads import Lease, Reads, Served
from db.postgres.transactions.writes import (
    CommitResult,
    ExactlyOnceWrite,
    Writes,
    WritingSession,
)
from db.postgres.watching.absence import Absence
from db.postgres.watching.lsn import BEYOND, Lsn
from db.postgres.watching.nodes import NodeState
from db.postgres.watching.watch import ServerWatch

T = TypeVar("T")
Judge = Callable[[BaseException], Trouble | None]
# Lends a connection on a server outside the set to avoid, and adds to that set.
Lend = Callable[[set[str]], Lease]

# Longer than any pause of a healthy server. Patroni needs about 20 s to replace one.
_HUNG_FOR_READING_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class WriteResult(Generic[T]):
    """What a write returned, and the position in the log at which it ends."""

    value: T
    lsn: Lsn


@dataclass(frozen=True, slots=True)
class Read(Generic[T]):
    """What a read returned, and which server answered it."""

    value: T
    served: Served


class Database:
    """One primary and its replicas, whichever servers have these roles at the moment.

    Operations given to `read` and `write` may run several times and must do nothing but
    use their session. Raises DatabaseUnavailable when no server could run one within
    `retry_seconds` of the first failure.

    `identity` says in whose name an operation runs: the database then shows and changes
    what that role may, and nothing else. Nobody in particular may do next to nothing.

    Once there has been no primary for `read_only_after_seconds`, reads go on without
    one: a replica answers although it may lack what the caller wrote last.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        *,
        pool_size: int = 5,
        pool_overflow: int = 10,
        pool_timeout_seconds: float = 30,
        pool_recycle_seconds: int = 3600,
        replica_wait_seconds: float = 0.02,
        retry_seconds: float = 30,
        read_only_after_seconds: float = 5,
    ) -> None:
        sizes = PoolSizes(
            pool_size, pool_overflow, pool_timeout_seconds, pool_recycle_seconds
        )
        self._retry_seconds = retry_seconds
        self.endpoints = endpoints
        self._addresses = ServerAddresses(endpoints)
        self._watch = ServerWatch(self._cut, self._follow, read_only_after_seconds)
        self._reads = Reads(
            self._addresses.nodes, self._watch, sizes, replica_wait_seconds
        )
        self._writes = Writes(self._addresses, self._watch, sizes)
        # Last: a server may be silent from the first look on, and is then cut off.
        self._watch.adopt(self._addresses.nodes)

    def adopt(self, endpoints: Endpoints) -> None:
        """Work with these servers from now on, without a pause for those that stay."""
        self._addresses.adopt(endpoints)
        self._reads.adopt(self._addresses.nodes)
        self._watch.adopt(self._addresses.nodes)
        self.endpoints = endpoints

    def read(
        self,
        operation: Callable[[Session], T],
        *,
        after: Lsn | None = None,
        identity: DatabaseIdentity | None = None,
        is_snapshot: bool = False,
    ) -> Read[T]:
        """Run a read on a server that shows everything up to `after`.

        In a snapshot each statement sees the data as of the first one.
        """
        lend = partial(self._lease, after)
        return self._read(operation, lend, identity, is_snapshot=is_snapshot)

    def read_latest(
        self,
        operation: Callable[[Session], T],
        *,
        identity: DatabaseIdentity | None = None,
    ) -> Read[T]:
        """Run a read on the primary, which shows everything written so far.

        It never falls back to a replica, however long there is no primary: jobs decide
        by the result what to do.
        """
        return self._read(operation, partial(self._reads.connect, BEYOND), identity)

    def read_newest(
        self,
        operation: Callable[[Session], T],
        *,
        identity: DatabaseIdentity | None = None,
    ) -> Read[T]:
        """Run a read on the primary or, while nobody leads, on the next best server."""

        def lend(avoiding: set[str]) -> Lease:
            try:
                return self._reads.connect(BEYOND, avoiding)
            except NoServer:
                return self._reads.connect(None, avoiding)

        return self._read(operation, lend, identity)

    def find(
        self,
        operation: Callable[[Session], T],
        *,
        missing: type[Exception],
        after: Lsn | None = None,
        identity: DatabaseIdentity | None = None,
        is_snapshot: bool = False,
    ) -> Read[T]:
        """Run a read that raises `missing` when the object does not exist.

        Something that a replica does not know may have been written a moment ago, so
        only a primary can say that it does not exist. Raises NotOnReplica if there is
        none, as soon as reads go on without it.
        """

        def ask_primary(avoiding: set[str]) -> Lease:
            absence = self._watch.absence()
            if absence is not None and absence.is_lasting:
                raise NotOnReplica(absence.since)
            return self._reads.connect(BEYOND, avoiding)

        try:
            return self.read(
                operation, after=after, identity=identity, is_snapshot=is_snapshot
            )
        except missing:
            return self._read(operation, ask_primary, identity, is_snapshot=is_snapshot)

    @contextmanager
    def reading(
        self,
        after: Lsn | None = None,
        *,
        identity: DatabaseIdentity | None = None,
        is_snapshot: bool = False,
    ) -> Iterator[Session]:
        """Open a session to read from; `session.info["served"]` says who answers.

        In a snapshot each statement sees the data as of the first one. Only getting a
        connection is retried: a server that fails later raises DatabaseUnavailable.
        Prefer `read`, and use this for streaming.
        """
        avoiding: set[str] = set()
        lease = self._persist("read", lambda: self._lease(after, avoiding))
        with (
            _as_unavailable(trouble_of_read),
            self._reads.session(
                lease, avoiding, identity, is_snapshot=is_snapshot
            ) as session,
        ):
            yield session

    def write(
        self,
        operation: Callable[[Session], T],
        *,
        key: UUID | None = None,
        identity: DatabaseIdentity | None = None,
        gives_way: bool = False,
    ) -> WriteResult[T]:
        """Run and commit a transaction on the primary exactly once.

        With a `key` from the caller this holds across calls too: AlreadyWritten is
        raised when an earlier call with it was committed. Raises OutcomeUnknown if the
        connection died during COMMIT and no primary could be asked since, and NoPrimary
        if there has been no primary for `retry_seconds`. With `gives_way` the caller
        has another way to do it, and the write waits only until reads go on without a
        primary.
        """
        delivery = ExactlyOnceWrite(self._writes, operation, key, identity)

        def attempt() -> CommitResult[T]:
            self._require_primary(gives_way=gives_way)
            return delivery.attempt()

        try:
            self._require_primary()
            committed = self._persist(
                "write", attempt if gives_way else delivery.attempt
            )
        except DatabaseUnavailable as error:
            if delivery.is_unanswered:
                raise OutcomeUnknown(str(error), delivery.key) from error
            if absence := self._watch.absence():
                raise NoPrimary(absence.since) from error
            raise
        return WriteResult(committed.value, committed.lsn or self._find_position())

    @contextmanager
    def writing(
        self, *, identity: DatabaseIdentity | None = None
    ) -> Iterator[WritingSession]:
        """Open a transaction on the primary, committed when the block ends normally.

        Only getting a connection is retried: a server that fails later raises
        DatabaseUnavailable, and nothing was written. Prefer `write`.
        """
        receipt = uuid4()
        connection = self._persist("write", self._writes.connect)
        with _as_unavailable():
            try:
                with self._writes.session(connection) as session:
                    receipts.leave(session, receipt)
                    set_role(session, identity)
                    yield session
                    self._writes.commit(session, connection)
            except Unanswered as error:
                self._settle(receipt, error)
        session.lsn = session.lsn or self._find_position()

    def connect_primary(self) -> Connection:
        """Open a plain connection to the primary, for migrations; the caller closes."""
        return self._persist("write", self._writes.connect)

    def nodes(self) -> tuple[NodeState, ...]:
        """Return every server as it was last seen, at most about half a second ago."""
        self._watch.wait_for_first_look()
        return self._watch.nodes()

    def absence(self) -> Absence | None:
        """Return the absence of a primary; None while there is one."""
        return self._watch.absence()

    def gap_seconds(self) -> float:
        """Return for how long nothing could be written recently; usually 0.

        A gap counts for a minute after a primary is back, so that what was seen
        meanwhile can be written down first.
        """
        return self._watch.gap_seconds()

    def close(self) -> None:
        """Stop watching and close all idle connections."""
        self._writes.notifier.close()
        self._watch.close()
        for pool in (*self._writes.pools, *self._reads.pools.values()):
            pool.close()

    def _read(
        self,
        operation: Callable[[Session], T],
        lend: Lend,
        identity: DatabaseIdentity | None,
        *,
        is_snapshot: bool = False,
    ) -> Read[T]:
        avoiding: set[str] = set()

        def attempt() -> Read[T]:
            lease = lend(avoiding)
            with self._reads.session(
                lease, avoiding, identity, is_snapshot=is_snapshot
            ) as session:
                return Read(operation(session), lease.served)

        return self._persist("read", attempt, trouble_of_read)

    def _lease(self, after: Lsn | None, avoiding: set[str]) -> Lease:
        """Lend a connection for a read; in a lasting absence it may lack `after`."""
        try:
            return self._reads.connect(after, avoiding)
        except NoServer:
            absence = self._watch.absence()
            if after is None or absence is None or not absence.is_lasting:
                raise
            return self._reads.connect(None, avoiding)

    def _require_primary(self, *, gives_way: bool = False) -> None:
        """Raise NoPrimary if there has been none for longer than a write would wait."""
        absence = self._watch.absence()
        if absence is None:
            return
        if absence.seconds >= self._retry_seconds or (gives_way and absence.is_lasting):
            raise NoPrimary(absence.since)

    def _persist(
        self, operation: str, attempt: Callable[[], T], judge: Judge = trouble_of
    ) -> T:
        """Call `attempt` until it succeeds, or fails with an error that is final."""
        policy = RetryPolicy(self._retry_seconds, operation)
        with counters.SECONDS.labels(operation).time():
            return self._repeat(policy, attempt, judge)

    def _repeat(self, policy: RetryPolicy, attempt: Callable[[], T], judge: Judge) -> T:
        while True:
            try:
                return attempt()
            except Exception as error:
                trouble = judge(error)
                if trouble is None:
                    raise
                policy.wait(trouble, error)

    def _settle(self, receipt: UUID, unanswered: Unanswered) -> None:
        """Return if the receipt's transaction was committed, else raise."""

        def attempt() -> bool:
            connection = self._writes.connect()
            with self._writes.session(connection) as session:
                if receipts.leave(session, receipt):
                    return False
                self._writes.commit(session, connection)
                return True

        try:
            is_written = self._persist("write", attempt)
        except DatabaseUnavailable as error:
            raise OutcomeUnknown(str(error), receipt) from error
        if not is_written:
            raise DatabaseUnavailable(
                "The primary went away; nothing was written."
            ) from unanswered

    def _find_position(self) -> Lsn:
        """Return a position in the log after a committed write.

        If no primary can be asked, return one that only a primary can answer for: the
        write is done, and must not look like a failure.
        """
        try:
            return self._persist("write", self._writes.find_position)
        except DatabaseUnavailable:
            return BEYOND

    def _cut(self, name: str, silent_seconds: float) -> None:
        """Cut the connections of threads that wait for a server that hangs.

        Readers soon, since other servers can answer them. Writers once another server
        leads, or after the longest time a write would wait: cutting them off costs a
        transaction.
        """
        pool = self._reads.pools.get(name)
        if pool is not None and silent_seconds >= _HUNG_FOR_READING_SECONDS:
            pool.cut(lambda _: True)
        primary = self._watch.primary()
        is_replaced = primary is not None and primary.name != name
        if is_replaced or silent_seconds >= self._retry_seconds:
            self._writes.cut(lambda place: self._addresses.name_at(place) == name)

    def _follow(self, name: str) -> None:
        """Cut writers off from a former primary, whatever has become of it.

        A machine that is cut off closes no connection, and what a former primary may
        still answer is worth nothing: the new one knows what became of a COMMIT.
        """
        primary = self._watch.primary()
        if primary is not None and primary.name == name:
            self._writes.cut(lambda place: self._addresses.name_at(place) != name)


@contextmanager
def _as_unavailable(judge: Judge = trouble_of) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if judge(error) is None:
            raise
        raise DatabaseUnavailable("The primary is changing.") from error
