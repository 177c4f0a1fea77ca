"""Facets that the worker counts ahead of time in large clinics, so that nobody waits.

They are kept on the primary, outside of the log of disclosed groups: nobody has seen
them. Whoever asks first has them checked against that log, and only then are they in
it, as if they had been counted for this person.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.care import PreparedFacet
from db.postgres import assume_role
from services.analytics.cohorts import EventKind, UndisclosedAnswer, statements
from services.analytics.figures.commonest import (
    Facet,
    undisclosed_facet,
)
from services.analytics.members import bytes_of, hashes_of

# With ten events each, so many patients are counted within half a second.
LARGE_CLINIC: Final = 200_000


def is_large_clinic(session: Session, large: int) -> bool:
    """Return whether facets should be prepared here, on a replica as any analyst.

    In other clinics they are counted when somebody asks, and are as of that time.
    """
    number: int = session.execute(statements.select_population(large)).scalar_one()
    return number >= large


def replace_prepared_facets(
    session: Session, kind: EventKind, prepared: Sequence[UndisclosedAnswer[Facet]]
) -> None:
    """Keep facets of a kind in place of earlier ones; the caller commits."""
    session.execute(delete(PreparedFacet).where(PreparedFacet.kind == kind))
    rows = [
        {
            "kind": kind,
            "place": place,
            "question": each.question,
            "words": each.answer.words,
            "members": bytes_of(each.groups[0]),
            "population": each.population,
            "smallest_group": each.smallest_group,
            "counted_at": each.answer.counted_at,
        }
        for place, each in enumerate(prepared)
    ]
    if rows:
        session.execute(insert(PreparedFacet).values(rows))


def find_prepared(
    session: Session, kind: EventKind, since: datetime, smallest_group: int
) -> tuple[UndisclosedAnswer[Facet], ...]:
    """Return the facets of a kind that were prepared since a time, on the primary."""
    current = (
        select(PreparedFacet)
        .where(
            PreparedFacet.kind == kind,
            PreparedFacet.smallest_group == smallest_group,
            PreparedFacet.counted_at >= since,
        )
        .order_by(PreparedFacet.place)
    )
    with assume_role(session, "system"):
        rows = session.scalars(current).all()
    return tuple(_undisclosed(kind, row) for row in rows)


def _undisclosed(kind: EventKind, row: PreparedFacet) -> UndisclosedAnswer[Facet]:
    members = hashes_of(row.members)
    return undisclosed_facet(
        kind,
        row.question,
        Facet(row.words, len(members), row.counted_at),
        members,
        population=row.population,
        smallest_group=row.smallest_group,
    )
