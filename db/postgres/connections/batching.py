"""A connection that sends a transaction's first words along with its first statement.

BEGIN is one of them. A round trip of their own would cost as much as many a list.
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
    """Puts what a transaction begins with before what it is given."""

    def execute(self, query: Query, vars: Values = None) -> None:  # noqa: A002
        """Run the query, and before it, in the same message, what is still unsaid."""
        super().execute(self._prefaced(query), vars)

    def executemany(self, query: Query, vars_list: Iterable[Values]) -> None:
        """Run the query for each of the values, in a transaction that has begun."""
        send_ahead(self.connection)
        super().executemany(query, vars_list)

    def copy_expert(self, sql: Query, file: Any, size: int = 8192) -> None:
        """Copy; the first words go ahead, because COPY has a message of its own."""
        send_ahead(self.connection)
        super().copy_expert(sql, file, size)

    def _prefaced(self, query: Query) -> Query:
        if self.name is not None:
            # Its query becomes part of a DECLARE. psycopg2 takes the transaction for
            # none, and would refuse a cursor that does not outlive its statement.
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
    """Begins a transaction, with `preface`, whenever its first statement comes.

    Below all this psycopg2 is in autocommit: it would send BEGIN in its own message.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.autocommit = True
        self.cursor_factory = BatchedCursor
        self.preface = ""

    @property
    def has_failed(self) -> bool:
        """Whether the transaction can only be undone, as a whole or to a savepoint."""
        return bool(self.get_transaction_status() == TRANSACTION_STATUS_INERROR)

    def commit(self) -> None:
        """Commit, if there is anything to; raises InFailedSqlTransaction."""
        self.end_with("COMMIT")

    def rollback(self) -> None:
        """Roll back, as a pool does on return; what was left to be said is not."""
        self.preface = ""
        if self.get_transaction_status() in _BEGUN:
            self.say("ROLLBACK")
        else:
            # Only says so if the connection is closed.
            super().rollback()

    def end_with(self, words: str) -> tuple[Any, ...]:
        """End the transaction with these words, and return the row they answer with.

        One that has failed is refused: COMMIT would undo it and not say so. Whatever
        is raised, the transaction is over, as after any COMMIT.
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
        """Run these words alone, in one message; return their row, if any."""
        with self.cursor(cursor_factory=DriverCursor) as cursor:
            cursor.execute(words)
            row = cursor.fetchone() if cursor.description else None
            return row or ()


def send_ahead(connection: DriverConnection) -> None:
    """Say the transaction's first words if nothing has been said yet."""
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
