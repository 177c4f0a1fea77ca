"""Statements that PostgreSQL plans once for each connection instead of each time."""

import re
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from db.postgres.connections.batching import BatchedConnection, send_ahead
from db.postgres.identity import current_role

# A plan takes some 100 kB on its server, and few statements are run again and again.
MOST_PREPARED: Final = 16
_KNOWN: Final = "chartroom.prepared"
_PARAMETER: Final = re.compile(r"%\((\w+)\)s((?:::\w+(?:\[\])?)?)")


class _PreparedStatements:
    """What a connection has prepared, by statement, least recently used first.

    The names in `failed` are prepared, but must not be run again.
    """

    def __init__(self) -> None:
        self.names: OrderedDict[tuple[str, ...], str] = OrderedDict()
        self.failed: list[str] = []
        self._made = 0

    def new_name(self) -> str:
        """Return a name that the connection has never had.

        A PREPARE that failed may or may not have taken effect.
        """
        self._made += 1
        return f"prepared_{self._made}"

    def forgotten(self) -> list[str]:
        """Return the names to deallocate, once: failed ones and any over the limit."""
        names, self.failed = self.failed, []
        while len(self.names) >= MOST_PREPARED:
            names.append(self.names.popitem(last=False)[1])
        return names


@contextmanager
def planned_once(session: Session, statement: str, before: str) -> Iterator[str]:
    """Yield the text that runs the statement, with the same parameters by name.

    For statements whose plan is the same whatever the values are: for others PostgreSQL
    goes on planning each time. Row rules hold as always, since it plans again for
    another role, path or schema. The text must be run within the block, as the last
    statement of its message, after the statements given as `before`: a time limit
    covers the planning as well, and other planner settings give another plan.
    """
    connection = session.connection()
    known = connection.info.setdefault(_KNOWN, _PreparedStatements())
    # The same name means other tables for another role; each role keeps its own plan.
    key = (current_role(session), before, statement)
    body, arguments = _taken_apart(statement)
    name = known.names.pop(key, None)
    if name is None:
        name = known.new_name()
        words = [f"DEALLOCATE {each}" for each in known.forgotten()]
        words.append(f"PREPARE {name} AS {body}")
        _say_alone(connection, before, "; ".join(words))
    try:
        yield f"EXECUTE {name}{arguments}"
    except BaseException:
        # A plan for tables that have changed since fails each time.
        known.failed.append(name)
        raise
    known.names[key] = name


def _say_alone(connection: Connection, before: str, words: str) -> None:
    """Run the statements in a message of their own, after `before`.

    A server keeps the message of a PREPARE and writes it to the log with later runs:
    who asked first, and for what, does not belong there.
    """
    driver = connection.connection
    cursor = driver.cursor()
    try:
        if isinstance(driver.dbapi_connection, BatchedConnection):
            driver.dbapi_connection.preface += before
            send_ahead(driver.dbapi_connection)
        elif before:
            cursor.execute(before)
        cursor.execute(words)
    finally:
        cursor.close()


@lru_cache(maxsize=512)
def _taken_apart(statement: str) -> tuple[str, str]:
    """Return the statement with numbered parameters, and its EXECUTE's arguments."""
    casts: dict[str, str] = {}
    for name, cast in _PARAMETER.findall(statement):
        casts[name] = casts.get(name) or cast
    numbers = {name: number for number, name in enumerate(casts, 1)}
    body = _PARAMETER.sub(lambda named: f"${numbers[named[1]]}{named[2]}", statement)
    values = ", ".join(f"%({name})s{cast}" for name, cast in casts.items())
    return body.replace("%%", "%"), f" ({values})" if values else ""
