"""A connection that sends a transaction's preface along with its first statement.

The preface begins with BEGIN. A round trip of its own would cost as much as many a
list.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from psycopg2.errors import InFailedSqlTransaction
from psycopg2.extensions import (
    TRANSACTION_STATUS_IDLE,
    TRANSACTION_STATUS_INERROR,
    TRANSACTION_STATUS_INTRANS,
    connection as DriverConnection,  # noqa: N812 - a class
    cursor as DriverCursor,  # noqa: N812 - a class
)
from psycopg2.sql import Composable

Query = str | bytes | Composable
Values = Sequence[Any] | Mapping[str, Any] | None
_BEGIN: Final = "BEGIN; "
_BEGUN: Final = frozenset({TRANSACTION_STATUS_INTRANS, TRANSACTION_STATUS_INERROR})


class BatchedCursor(DriverCursor):
    """A cursor that puts the transaction's preface before the statement it is given."""

    def execute(self, query: Query, vars: Values = None) -> None:  # noqa: A002
        """Run the query, preceded in the same message by any preface not sent yet."""
        super().execute(self._prefaced(query), vars)

    def executemany(self, query: Query, vars_list: Iterable[Values]) -> None:
        """Run the query for each set of values, in a transaction that has begun."""
        send_ahead(self.connection)
        super().executemany(query, vars_list)

    def copy_expert(self, sql: Query, file: Any, size: int = 8192) -> None:
        """Copy, after sending the preface: COPY needs a message of its own."""
        send_ahead(self.connection)
        super().copy_expert(sql, file, size)

    def _prefaced(self, query: Query) -> Query:
        if self.name is not None:
            # A named cursor's query becomes part of a DECLARE. psycopg2 believes that
            # no transaction is open, and would refuse a cursor that does not outlive
            # its statement.
            send_ahead(self.connection)
            self.withhold = True
        words = _taken_from(self.connection)
        if not words:
            return query
        if isinstance(query, bytes):
            return words.encode() + query
        text = query if isinstance(query, str) else query.as_string(self)
        return words + text


class BatchedConnection(DriverConnection):
    """A connection that begins a transaction, with `preface`, at its first statement.

    psycopg2 is in autocommit underneath: otherwise it would send BEGIN in a message of
    its own.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.autocommit = True
        self.cursor_factory = BatchedCursor
        self.preface = ""

    @property
    def has_failed(self) -> bool:
        """Whether all that is left is to roll back, wholly or to a savepoint."""
        return bool(self.get_transaction_status() == TRANSACTION_STATUS_INERROR)

    def commit(self) -> None:
        """Commit, if there is anything to commit; raises InFailedSqlTransaction."""
        self.end_with("COMMIT")

    def rollback(self) -> None:
        """Roll back, as a pool does on return, and drop any preface not sent yet."""
        self.preface = ""
        if self.get_transaction_status() in _BEGUN:
            self.say("ROLLBACK")
        else:
            # Does nothing but raise if the connection is closed.
            super().rollback()

    def end_with(self, words: str) -> tuple[Any, ...]:
        """End the transaction with these statements, and return the row of the answer.

        Raises InFailedSqlTransaction if the transaction has failed: COMMIT would roll
        it back silently. Whatever is raised, the transaction is over, as after any
        COMMIT.
        """
        if not self.preface and self.get_transaction_status() not in _BEGUN:
            super().commit()
            return ()
        try:
            if self.has_failed:
                raise InFailedSqlTransaction("What has failed cannot be committed.")
            return self.say(_taken_from(self) + words)
        finally:
            if self.get_transaction_status() in _BEGUN:
                self.rollback()

    def say(self, words: str) -> tuple[Any, ...]:
        """Run these statements alone, in one message; return their row, if any."""
        with self.cursor(cursor_factory=DriverCursor) as cursor:
            cursor.execute(words)
            row = cursor.fetchone() if cursor.description else None
            return row or ()


def send_ahead(connection: DriverConnection) -> None:
    """Send the transaction's preface if it has not been sent yet."""
    if isinstance(connection, BatchedConnection):
        words = _taken_from(connection)
        if words:
            connection.say(words)


def _taken_from(connection: DriverConnection) -> str:
    if not isinstance(connection, BatchedConnection):
        return ""
    words, connection.preface = connection.preface, ""
    if connection.get_transaction_status() == TRANSACTION_STATUS_IDLE:
        return _BEGIN + words
    return words
