"""Which failures mean "try again" and how often, which "elsewhere", which are final."""

import random
from datetime import datetime
from enum import StrEnum
from time import monotonic, sleep
from uuid import UUID

import psycopg2
from psycopg2.errors import DiskFull as NoRoom, InsufficientPrivilege
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from db.postgres import counters

_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.2


class DatabaseUnavailable(Exception):
    """No server answered in time; nothing was written, and trying again later helps."""


class NoPrimary(DatabaseUnavailable):
    """Nobody has led for so long that waiting is useless; nothing was written."""

    def __init__(self, since: datetime) -> None:
        super().__init__("No server takes writes.")
        self.since = since


class NotOnReplica(NoPrimary):
    """A replica does not have what is wanted, and no primary can be asked.

    It may have been written a moment before nobody led any more.
    """


class DiskFull(DatabaseUnavailable):
    """The disk of a server is full; nothing was written, somebody must free space."""


class OutcomeUnknown(DatabaseUnavailable):
    """The connection died during COMMIT and no primary could be asked since.

    Writing the same again with `key` takes effect once, whatever became of the first
    write.
    """

    def __init__(self, message: str, key: UUID) -> None:
        super().__init__(message)
        self.key = key


class AlreadyWritten(Exception):
    """An earlier call with the same key was committed; nothing was done now."""


class Refused(Exception):
    """The role that this ran as has no right to it; nothing was done."""


class NoServer(Exception):
    """None of the servers that are up could serve this at the moment."""


class Unanswered(Exception):
    """COMMIT was sent, and it is not known whether it took effect durably."""


class Trouble(StrEnum):
    """A failure that is due to circumstances of the moment and not to the request."""

    LOST = "lost"  # the connection is gone, or none could be had
    DEMOTED = "demoted"  # this server takes no writes (any more)
    UNANSWERED = "unanswered"  # COMMIT was sent; its receipt tells what became of it
    CONTENDED = "contended"  # rolled back in favour of another transaction


# SQLAlchemy's own code for continuing after a connection died inside a savepoint.
_DIED_IN_SAVEPOINT = "8s2b"

# By SQLSTATE; every other class, in particular constraint violations, is final.
_LOST_CLASS = "08"
_TROUBLES = {
    "57P01": Trouble.LOST,  # admin_shutdown: a switchover begins with it
    "57P02": Trouble.LOST,  # crash_shutdown
    "57P03": Trouble.LOST,  # cannot_connect_now: starting, stopping
    "57P05": Trouble.LOST,  # idle_session_timeout
    "53300": Trouble.LOST,  # too_many_connections
    "40003": Trouble.LOST,  # statement_completion_unknown
    "25006": Trouble.DEMOTED,  # read_only_sql_transaction
    "40001": Trouble.CONTENDED,  # serialization_failure, conflict with recovery
    "40P01": Trouble.CONTENDED,  # deadlock_detected
}


def raise_refused(error: BaseException) -> None:
    """Raise Refused if privileges or row rules are why, and DiskFull if space ran out.

    PostgreSQL's own messages name tables.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, InsufficientPrivilege):
        raise Refused("The database does not let this role do that.") from error
    if isinstance(cause, NoRoom):
        raise DiskFull("The disk of a database server is full.") from error


def trouble_of(error: BaseException) -> Trouble | None:
    """Return what kind of trouble an exception is; None for one not to be retried."""
    match error:
        case Unanswered():
            return Trouble.UNANSWERED
        case NoServer() | DBAPIError(connection_invalidated=True):
            return Trouble.LOST
        case PendingRollbackError(code=code):
            return Trouble.LOST if code == _DIED_IN_SAVEPOINT else None
        case DBAPIError(orig=psycopg2.Error() as cause) | (psycopg2.Error() as cause):
            return _trouble_of_driver(cause)
        case _:
            return None


def trouble_of_read(error: BaseException) -> Trouble | None:
    """Return what kind of trouble a read met; None for a read that tries to write."""
    trouble = trouble_of(error)
    return None if trouble is Trouble.DEMOTED else trouble


def _trouble_of_driver(error: psycopg2.Error) -> Trouble | None:
    if error.pgcode is None:
        # An error without a code did not come from the server: the connection failed.
        is_connection = psycopg2.OperationalError | psycopg2.InterfaceError
        return Trouble.LOST if isinstance(error, is_connection) else None
    if error.pgcode.startswith(_LOST_CLASS):
        return Trouble.LOST
    return _TROUBLES.get(error.pgcode)


class RetryPolicy:
    """Pauses between attempts, until `seconds` have passed since the first failure.

    The time runs from the first failure because a long operation that meets trouble at
    its end deserves another attempt as much as a short one does.
    """

    def __init__(self, seconds: float, operation: str) -> None:
        self._seconds = seconds
        self._operation = operation
        self._ends_at: float | None = None
        self._pause_seconds = _FIRST_PAUSE_SECONDS

    def wait(self, trouble: Trouble, error: BaseException) -> None:
        """Wait before the next attempt; raises DatabaseUnavailable if time is up."""
        now = monotonic()
        self._ends_at = self._ends_at or now + self._seconds
        if now >= self._ends_at:
            raise DatabaseUnavailable(
                f"No server could {self._operation} for {self._seconds:g} seconds."
            ) from error
        counters.RETRIES.labels(self._operation, trouble.value).inc()
        # Randomized, so that transactions that met in a deadlock do not meet again.
        sleep(min(self._pause_seconds * random.uniform(0.5, 1.5), self._ends_at - now))  # noqa: S311
        self._pause_seconds = min(self._pause_seconds * 2, _LONGEST_PAUSE_SECONDS)
