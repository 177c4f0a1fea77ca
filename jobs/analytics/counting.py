"""Shared steps of both jobs for analysts: take what is due, count for a person."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from db.postgres import SYSTEM, Database
from services.analytics import cohorts, figures
from services.analytics.cohorts import CohortResult, UndisclosedAnswer
from services.analytics.figures import Figure, FigureResult
from services.core.actor_database import ActorDatabase

# The worker does one thing at a time: what is left is done a minute later.
SECONDS: Final = 20.0
Due = TypeVar("Due")
Result = TypeVar("Result", CohortResult, FigureResult)


def each_due(
    database: Database,
    find: Callable[[Session, datetime], Due | None],
    now: Callable[[], datetime],
    *,
    seconds: float,
) -> Iterator[Due]:
    """Yield what has been due for longest, until nothing is or time is up.

    The caller has to make sure that each is no longer due, or it comes again. Raises
    DatabaseUnavailable.
    """
    until = monotonic() + seconds
    while monotonic() < until:
        due = database.read_latest(
            lambda session: find(session, now()), identity=SYSTEM
        ).value
        if due is None:
            return
        yield due


def count_and_disclose(
    as_owner: ActorDatabase, count: Callable[[Session], UndisclosedAnswer[Result]]
) -> Result:
    """Count as a person's own page does: on a replica, checked against earlier counts.

    Raises NotAllowed, InvalidInput, Unavailable, DatabaseUnavailable.
    """
    undisclosed = as_owner.read(count).value
    return as_owner.write(
        lambda session: cohorts.disclose(session, as_owner.actor, undisclosed)
    ).value


def count_figure(
    as_owner: ActorDatabase, figure: Figure, *, now: datetime, smallest_group: int
) -> FigureResult:
    """Count a figure as `count_and_disclose` does; raises the same.

    It is drawn as it was asked for, which its answer does not say.
    """
    result = count_and_disclose(
        as_owner,
        lambda session: figures.count(
            session, as_owner.actor, figure, now=now, smallest_group=smallest_group
        ),
    )
    return replace(result, figure=figure)
