"""A connection that sends a transaction's first words along with its first statement.

A round trip of its own would cost as much as many a list.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class
from psycopg2.extensions import cursor as DriverCursor  # noqa: N812 - a class
from psycopg2.sql import Composable

Query = str | bytes | Composable
Values = Sequence[Any] | Mapping[str, Any] | None


class PrefacedCursor(DriverCursor):
    """Puts the connection's preface before what it is given."""

    def execute(self, query: Query, vars: Values = None) -> None:  # noqa: A002
        """Run the query, and before it, in the same message, the preface."""
        super().execute(self._prefaced(query), vars)

    def copy_expert(self, sql: Query, file: Any, size: int = 8192) -> None:
        """Copy; the preface goes ahead, because COPY has a message of its own."""
        self._send_ahead()
        super().copy_expert(sql, file, size)

    def _prefaced(self, query: Query) -> Query:
        if self.name is not None:
            # A named cursor's query becomes part of a DECLARE.
            self._send_ahead()
        preface = _taken_from(self.connection)
        if not preface:
            return query
        if isinstance(query, bytes):
            return preface.encode() + query
        text = query if isinstance(query, str) else query.as_string(self)
        return preface + text

    def _send_ahead(self) -> None:
        send_ahead(self.connection)


class PrefacedConnection(DriverConnection):
    """Begins a transaction with `preface`, whenever its first statement comes."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.cursor_factory = PrefacedCursor
        self.preface = ""

    def rollback(self) -> None:
        """Roll back, as a pool does on return; what follows has no preface."""
        self.preface = ""
        super().rollback()


def send_ahead(connection: DriverConnection) -> None:
    """Say the transaction's first words if nothing has been said yet."""
    if preface := _taken_from(connection):
        with connection.cursor() as cursor:
            cursor.execute(preface)


def _taken_from(connection: DriverConnection) -> str:
    if not isinstance(connection, PrefacedConnection):
        return ""
    preface, connection.preface = connection.preface, ""
    return preface
