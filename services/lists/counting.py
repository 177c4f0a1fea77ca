"""How many rows a list has, told within a bounded time."""

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from services.lists.criteria import Count
from services.lists.statements import limited, ran_out_of_time

MOST_COUNTED: Final = 10_000
# Leaves room in the promised 150 ms for the way there and back, and for an estimate.
LIMIT_MILLISECONDS: Final = 80


def counted(
    session: Session,
    count: str,
    explain: str,
    parameters: Mapping[str, object],
    *,
    settings: str = "",
) -> Count:
    """Run `count`, which stops behind MOST_COUNTED; out of time, take `explain`'s word.

    The transaction goes on as if nothing had been asked.
    """
    session.flush()
    connection = session.connection()
    try:
        with limited(connection, LIMIT_MILLISECONDS, settings):
            found = _scalar(connection, count, parameters)
    except OperationalError as error:
        if not ran_out_of_time(error):
            raise
        guess = estimate(connection, explain, parameters)
        return Count(guess, is_exact=False, is_estimate=True)
    return Count(min(found, MOST_COUNTED), found <= MOST_COUNTED)


def estimate(
    connection: Connection, explain: str, parameters: Mapping[str, object]
) -> int:
    """Return the planner's guess, which costs next to nothing."""
    plan = _scalar(connection, explain, parameters)
    (root,) = json.loads(plan) if isinstance(plan, str) else plan
    return int(root["Plan"]["Plan Rows"])


def _scalar(
    connection: Connection, statement: str, parameters: Mapping[str, object]
) -> Any:
    return connection.exec_driver_sql(statement, dict(parameters)).scalar_one()
