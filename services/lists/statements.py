"""Statements compiled once, run within a time limit."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from sqlalchemy import ARRAY, Connection, Integer, Text, bindparam
from sqlalchemy.dialects.postgresql import psycopg2
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.sql import Executable

from services.core.errors import Unavailable

LIMIT_SECONDS: Final = 5
# The number of rows returned, and skipped before, is given when a statement is run.
MOST: Final = bindparam("most", type_=Integer)
OFFSET: Final = bindparam("offset", type_=Integer)
# The ids that a page was found to have, for the statement that reads its rows.
IDS: Final = bindparam("ids", type_=ARRAY(Text))

_DIALECT: Final = psycopg2.PGDialect_psycopg2()  # type: ignore[no-untyped-call]
_QUERY_CANCELED: Final = "57014"


class ListTimeout(Unavailable):
    """A list was not found within its time limit, and may never be."""

    def __init__(self) -> None:
        super().__init__(
            "This list takes too long to load; add a filter to narrow it, or sort it "
            "differently."
        )


def compiled(statement: Executable) -> str:
    """Return the statement as text for `run`, to be cached by the caller.

    Every parameter must be named: a value given while building would be frozen into the
    text and shown to the next person.
    """
    result = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]
    given = [name for name, value in result.params.items() if value is not None]
    if given:
        raise ValueError(f"parameters with values of their own: {given}")
    return str(result)


def run(
    session: Session,
    statement: str,
    parameters: Mapping[str, object],
    *,
    limit_seconds: float = LIMIT_SECONDS,
    settings: str = "",
    is_planned_once: bool = False,
) -> Sequence[tuple[Any, ...]]:
    """Return the rows, or raise ListTimeout when they take longer than the limit.

    The limit and the `settings`, statements that each end with a semicolon, stay in
    force until the transaction ends, which a statement that exceeds the limit ends
    itself. Other failures are the driver's own. A statement that `is_planned_once` has
    the same plan whatever its values are.
    """
    session.flush()
    # Both are sent in one round trip; PostgreSQL times each statement by itself.
    limit = f"SET LOCAL statement_timeout = {limit_seconds * 1000:.0f}; "
    # The driver's own cursor: SQLAlchemy would describe the columns of a text statement
    # again each time, which costs a fifth of a typical page.
    cursor = session.connection().connection.cursor()
    try:
        before = limit + settings
        with _planned(session, statement, before, once=is_planned_once) as words:
            cursor.execute(before + words, parameters)
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    except Exception as error:
        if not is_timeout(error):
            raise
        raise ListTimeout from None
    else:
        return rows
    finally:
        cursor.close()


def _planned(
    session: Session, statement: str, before: str, *, once: bool
) -> AbstractContextManager[str]:
    if not once:
        return nullcontext(statement)
    # Most pages with a list plan each of its statements every time.
    from db.postgres.prepared import planned_once  # noqa: PLC0415

    return planned_once(session, statement, before)


def run_within(
    session: Session,
    milliseconds: int,
    statement: str,
    parameters: Mapping[str, object],
    *,
    settings: str = "",
) -> Sequence[Any] | None:
    """Return the rows, or None when they take longer; other failures are raised.

    The limit, the settings and a failure leave no trace in the transaction.
    """
    session.flush()
    connection = session.connection()
    # All are sent in one round trip, as in `run`.
    limit = f"SAVEPOINT limited; SET LOCAL statement_timeout = {milliseconds}; "
    try:
        return connection.exec_driver_sql(
            limit + settings + statement, dict(parameters)
        ).all()
    except OperationalError as error:
        if not is_timeout(error):
            raise
        return None
    finally:
        if not connection.invalidated:
            _leave_savepoint(connection)


def _leave_savepoint(connection: Connection) -> None:
    leave = "ROLLBACK TO SAVEPOINT limited; RELEASE SAVEPOINT limited"
    try:
        connection.exec_driver_sql(leave)
    except OperationalError as error:
        if not is_timeout(error):
            raise
        # After a statement that was quick enough its limit is still in force, and on a
        # busy server even this may take longer. The failure has removed the limit.
        connection.exec_driver_sql(leave)


def is_timeout(error: Exception) -> bool:
    """Return whether PostgreSQL cancelled the statement at its time limit."""
    cause = getattr(error, "orig", error)
    return getattr(cause, "pgcode", None) == _QUERY_CANCELED
