"""Transactions on the primary whose outcome is known even if the connection dies."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Generic, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db.postgres.connections.commits import CertainConnection
from db.postgres.connections.failures import (
    AlreadyWritten,
    NoServer,
    Trouble,
    Unanswered,
    raise_refused,
    trouble_of,
)
from db.postgres.connections.pools import Pool, PoolSizes, ask, driver_of
from db.postgres.connections.server_addresses import Place, ServerAddresses
from db.postgres.identity import DatabaseIdentity, set_role
from db.postgres.transactions import receipts
from db.postgres.transactions.notifying import Notifier, carry
from db.postgres.watching.lsn import Lsn
from db.postgres.watching.watch import ServerWatch

T = TypeVar("T")

_POSITION = "SELECT pg_current_wal_flush_lsn()"


class WritingSession(Session):
    """A transaction on the primary; `lsn` is where it ends, once committed."""

    lsn: Lsn | None = None


@dataclass(frozen=True, slots=True)
class CommitResult(Generic[T]):
    """A value whose transaction is committed; without `lsn` its position is unknown."""

    value: T
    lsn: Lsn | None


class Writes:
    """The pool of the primary, whichever server that is."""

    def __init__(
        self, addresses: ServerAddresses, watch: ServerWatch, sizes: PoolSizes
    ) -> None:
        self._addresses = addresses
        self._watch = watch
        self.pool = Pool("primary", self._open, sizes)
        # In a busy pool the notifier would have to open a connection each time. Its
        # label in the metrics is unchanged: somebody may have a panel of it.
        aside = Pool("teller", self._open, PoolSizes(size=1, overflow=0))
        self.notifier = Notifier(partial(self.connect, aside))
        self.pools = (self.pool, aside)

    def connect(self, pool: Pool | None = None) -> Connection:
        """Take a connection to the primary; raises NoServer at once if nobody leads.

        Trying every server meanwhile would only slow down their election.
        """
        self._watch.wait_for_first_look()
        if self._watch.primary() is None:
            raise NoServer("No server takes writes.")
        return (pool or self.pool).connect()

    def cut(self, is_hung: Callable[[Place], bool]) -> None:
        """Wake the threads that wait for an answer that will not come; see Pool.cut."""
        for pool in self.pools:
            pool.cut(is_hung)

    @contextmanager
    def session(self, connection: Connection) -> Iterator[WritingSession]:
        """Use up the connection for one transaction, undone unless `commit` is called.

        Connections that turn out to be bad are thrown away.
        """
        with connection:
            try:
                with WritingSession(connection, expire_on_commit=False) as session:
                    carry(session, self.notifier)
                    yield session
            except Exception as error:
                self._give_up(connection, trouble_of(error))
                raise_refused(error)
                raise

    def commit(self, session: WritingSession, connection: Connection) -> None:
        """Commit; raises Unanswered when it is not certain that the commit will last.

        A preface not sent yet goes along with COMMIT. Until COMMIT is sent, a lost
        connection means that nothing was committed.
        """
        session.flush()
        sent_at = monotonic()
        try:
            session.commit()
        except Exception as error:
            if trouble_of(error) is Trouble.LOST:
                raise Unanswered("Nobody answered COMMIT.") from error
            raise
        session.lsn = self._find_end(connection, sent_at)

    def find_position(self) -> Lsn:
        """Return the end of the primary's log; raises whatever a query may raise."""
        with self.connect() as connection:
            queried_at = monotonic()
            position = Lsn.parse(ask(connection, _POSITION)[0])
            self._observe(connection, position, queried_at)
            return position

    def _find_end(self, connection: Connection, sent_at: float) -> Lsn | None:
        """Return the log position that COMMIT answered with; None without COMMIT."""
        driver = driver_of(connection)
        if not isinstance(driver, CertainConnection) or driver.committed_at is None:
            return None
        self._observe(connection, driver.committed_at, sent_at)
        return driver.committed_at

    def _observe(
        self, connection: Connection, position: Lsn, queried_at: float
    ) -> None:
        name = self._addresses.name_of(driver_of(connection))
        if name is not None:
            self._watch.observe(name, position, queried_at)

    def _open(self) -> CertainConnection:
        primary = self._watch.primary()
        return self._addresses.open_primary(primary.name if primary else None)

    def _give_up(self, connection: Connection, trouble: Trouble | None) -> None:
        if trouble in {Trouble.LOST, Trouble.DEMOTED} and not connection.invalidated:
            with suppress(SQLAlchemyError):
                connection.invalidate()
        if trouble is Trouble.DEMOTED:
            for pool in self.pools:
                pool.renew()


class ExactlyOnceWrite(Generic[T]):
    """One operation that is to be committed exactly once, over several attempts."""

    def __init__(
        self,
        writes: Writes,
        operation: Callable[[Session], T],
        key: UUID | None,
        identity: DatabaseIdentity | None,
    ) -> None:
        self._writes = writes
        self._operation = operation
        self.key = key or uuid4()
        # Nobody can have left a receipt of a key that was made just now.
        self._is_new = key is None
        self._identity = identity
        self._unanswered: list[T] = []

    @property
    def is_unanswered(self) -> bool:
        """Whether a COMMIT was sent and not answered."""
        return bool(self._unanswered)

    def attempt(self) -> CommitResult[T]:
        """Run and commit the operation, unless an earlier attempt was committed.

        The receipt comes first. If it is new, no earlier attempt has been committed or
        ever will be; otherwise the attempt whose COMMIT stayed unanswered has been, and
        committing on top of it waits until it is as safe as any other.
        """
        connection = self._writes.connect()
        with self._writes.session(connection) as session:
            if self._leave_receipt(session):
                self._unanswered.clear()
                set_role(session, self._identity)
                value = self._operation(session)
            elif self._unanswered:
                value = self._unanswered[0]
            else:
                raise AlreadyWritten("This was written by an earlier call.")
            try:
                self._writes.commit(session, connection)
            except Unanswered:
                self._unanswered[:] = [value]
                raise
            return CommitResult(value, session.lsn)

    def _leave_receipt(self, session: Session) -> bool:
        """Leave the receipt; return False if an earlier attempt was committed."""
        if not self._is_new:
            return receipts.leave(session, self.key)
        self._is_new = False
        receipts.leave_ahead(driver_of(session.connection()), self.key)
        return True
