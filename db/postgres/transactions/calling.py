"""Statements straight to the driver, for what has the most to be quick."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, Final

import psycopg2
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.postgres.connections.pools import driver_of
from db.postgres.identity import is_itself
from db.postgres.transactions.writes import WritingSession

# What waits is in memory, and is sent as one message.
_MOST_CHARACTERS: Final = 1 << 16


def call(
    session: Session, statement: str, values: Sequence[object]
) -> tuple[Any, ...] | None:
    """Run a statement in the session's transaction, and return its first row.

    Raises what SQLAlchemy would raise, whose own way costs the client about as much
    as all the rest of a short transaction.
    """
    driver = session.connection().connection
    try:
        with closing(driver.cursor()) as cursor:
            cursor.execute(statement, values)
            row: tuple[Any, ...] | None = cursor.fetchone()
            return row
    except psycopg2.Error as error:
        raise DBAPIError.instance(
            statement, None, error, psycopg2.Error, hide_parameters=True
        ) from error


def call_last(session: Session, statement: str, values: Mapping[str, object]) -> bool:
    """Have a statement run along with COMMIT, in its message; False if it cannot wait.

    For what answers nothing, such as an entry in a log. It cannot wait in a savepoint,
    which may be undone alone, nor in a role that the session has only become. What the
    database has against it, the commit raises.
    """
    if not isinstance(session, WritingSession) or session.in_nested_transaction():
        return False
    driver = driver_of(session.connection())
    if not is_itself(session) or len(driver.closing) > _MOST_CHARACTERS:
        return False
    with driver.cursor() as cursor:
        driver.closing += f"{cursor.mogrify(statement, values).decode()}; "
    return True
