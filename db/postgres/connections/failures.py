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
    """No server answered in time; nothing was written, trying again later helps."""


class NoPrimary(DatabaseUnavailable):
    """Nobody has led for so long that waiting is of no use; nothing was written."""

    def __init__(self, since: datetime) -> None:
        super().__init__("No server takes writes.")
        self.since = since


class DiskFull(DatabaseUnavailable):
    """The disk of a server is full; nothing was written, somebody has to make room."""


class OutcomeUnknown(DatabaseUnavailable):
    """The connection died during COMMIT and no primary could be asked since.

    Whoever writes the same again with `key` does it once, whatever became of it.
    """

    def __init__(self, message: str, key: UUID) -> None:
        super().__init__(message)
        self.key = key


class AlreadyWritten(Exception):
    """An earlier call with the same key was committed; nothing was done now."""


class Refused(Exception):
    """The role in whose name this ran has no right to it; nothing was done."""


class NoServer(Exception):
    """None of the servers that are up could serve this just now."""


class Unanswered(Exception):
    """COMMIT was sent, and it is not known that it took effect to last."""


class Trouble(StrEnum):
    """A failure that says nothing about the request, only about the moment."""

    LOST = "lost"  # the connection is gone, or none could be had
    DEMOTED = "demoted"  # this server takes no writes (any more)
    UNANSWERED = "unanswered"  # COMMIT was sent; its receipt tells what became of it
    CONTENDED = "contended"  # rolled back in favour of another transaction


# SQLAlchemy's own code for going on after a connection died inside a savepoint.
_DIED_IN_SAVEPOINT = "8s2b"

# By SQLSTATE; every other class, constraint violations above all, is final.
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
    """Raise Refused if PostgreSQL's rules are why, and DiskFull if it has no room.

    Its own sentences name tables.
    """
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, InsufficientPrivilege):
        raise Refused("The database does not let this role do that.") from error
    if isinstance(cause, NoRoom):
        raise DiskFull("The disk of a database server is full.") from error


def trouble_of(error: BaseException) -> Trouble | None:
    """Tell what kind of trouble an exception is; None for what must not be retried."""
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
    """Tell what kind of trouble a read met; one that tries to write is in error."""
    trouble = trouble_of(error)
    return None if trouble is Trouble.DEMOTED else trouble


def _trouble_of_driver(error: psycopg2.Error) -> Trouble | None:
    if error.pgcode is None:
        # Without a code the server never said anything: the connection failed.
        is_connection = psycopg2.OperationalError | psycopg2.InterfaceError
        return Trouble.LOST if isinstance(error, is_connection) else None
    if error.pgcode.startswith(_LOST_CLASS):
        return Trouble.LOST
    return _TROUBLES.get(error.pgcode)


class RetryPolicy:
    """Pauses between attempts, until `seconds` have passed since the first failure.

    It starts at the first failure because a long operation that meets trouble at its
    end deserves another attempt as much as a short one.
    """

    def __init__(self, seconds: float, operation: str) -> None:
        self._seconds = seconds
        self._operation = operation
        self._ends_at: float | None = None
        self._pause_seconds = _FIRST_PAUSE_SECONDS

    def wait(self, trouble: Trouble, error: BaseException) -> None:
        """Wait before the next attempt, or raise DatabaseUnavailable: time is up."""
        now = monotonic()
        self._ends_at = self._ends_at or now + self._seconds
        if now >= self._ends_at:
            raise DatabaseUnavailable(
                f"No server could {self._operation} for {self._seconds:g} seconds."
            ) from error
        counters.RETRIES.labels(self._operation, trouble.value).inc()
        # Spread out, so that those who met in a deadlock do not meet again.
        sleep(min(self._pause_seconds * random.uniform(0.5, 1.5), self._ends_at - now))  # noqa: S311
        self._pause_seconds = min(self._pause_seconds * 2, _LONGEST_PAUSE_SECONDS)
