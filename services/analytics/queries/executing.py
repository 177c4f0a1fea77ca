"""Statements of queries, run within a time limit."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from services.core.errors import Unavailable
from services.lists.statements import ListTimeout, run

LIMIT_SECONDS: Final = 10


class QueryTakesTooLong(Unavailable):
    """PostgreSQL stopped a query at its time limit."""

    def __init__(self) -> None:
        super().__init__(
            "This query took longer than ten seconds and was stopped. Add a condition "
            "after WHERE, or leave out a JOIN or an EXISTS."
        )


def run_within_limit(
    session: Session, statement: str, parameters: Mapping[str, object]
) -> Sequence[tuple[Any, ...]]:
    """Return the rows of a statement, or raise QueryTakesTooLong."""
    try:
        return run(session, statement, parameters, limit_seconds=LIMIT_SECONDS)
    except ListTimeout:
        raise QueryTakesTooLong from None
