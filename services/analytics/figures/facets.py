"""The facets of a kind of event: counted for an analyst, and disclosed.

The answer is the same for everybody, and is kept for a while: in a clinic of a million
patients, counting takes seconds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from services.analytics.cohorts import (
    CompositeAnswer,
    EventKind,
    RevealsFew,
    UndisclosedAnswer,
    disclose,
)
from services.analytics.figures.commonest import Facet, count_commonest, question_of
from services.analytics.figures.prepared_facets import find_prepared
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action

CACHED_FOR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _CachedFacets:
    """The facets of a kind, all of them disclosed, and when they were counted."""

    facets: tuple[Facet, ...]
    counted_at: datetime


def count_facets(
    session: Session,
    actor: Actor,
    kind: EventKind,
    *,
    now: datetime,
    smallest_group: int,
) -> tuple[UndisclosedAnswer[Facet], ...]:
    """Count the commonest words of a kind, each separately, leaving out few patients.

    They may be shown once `disclose_facets` has checked them against earlier
    disclosures. Raises NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    _record(session, actor, kind)
    return count_commonest(session, kind, now=now, smallest_group=smallest_group)


def disclose_facets(
    session: Session, actor: Actor, undisclosed: Sequence[UndisclosedAnswer[Facet]]
) -> tuple[Facet, ...]:
    """Return the facets that may be disclosed, on the primary; the caller commits.

    The others are left out. What is disclosed is kept. Raises NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    disclosed = dict(_disclose_each(session, actor, undisclosed))
    facets = tuple(disclosed.values())
    # An empty list is not kept: facets that appear soon after are counted at once.
    if facets:
        first = undisclosed[0]
        latest = _CachedFacets(facets, first.answer.counted_at)
        _composite(first.part_of).keep(session, latest, disclosed)
    return facets


def disclose_known_facets(
    session: Session,
    actor: Actor,
    kind: EventKind,
    *,
    now: datetime,
    smallest_group: int,
) -> tuple[Facet, ...] | None:
    """Return facets that were counted within the last hour; None without any.

    Those disclosed to anybody come first: they may be newer than those that the worker
    has prepared. On the primary; the caller commits. Raises NotAllowed.
    """
    since = now - CACHED_FOR
    kept = _composite(question_of(kind, smallest_group)).disclose(session, actor)
    facets = (
        kept.facets
        if kept is not None and kept.counted_at >= since
        else _disclose_prepared(
            session, actor, find_prepared(session, kind, since, smallest_group)
        )
    )
    if facets is not None:
        _record(session, actor, kind)
    return facets


def _disclose_prepared(
    session: Session, actor: Actor, prepared: Sequence[UndisclosedAnswer[Facet]]
) -> tuple[Facet, ...] | None:
    """Return prepared facets if all of them may be disclosed; otherwise disclose none.

    What a colleague counted since may be of a few patients more. Counted now, facets
    are of the same patients.
    """
    with session.begin_nested() as savepoint:
        facets = disclose_facets(session, actor, prepared)
        if prepared and len(facets) == len(prepared):
            return facets
        savepoint.rollback()
    return None


def _record(session: Session, actor: Actor, kind: EventKind) -> None:
    details = {"criteria": {"commonest": kind.value}}
    audit.record(session, actor, Action.COHORT_COUNT, details=details)


def _composite(question: str) -> CompositeAnswer[_CachedFacets]:
    return CompositeAnswer(f"all of {question}", _CachedFacets)


def _disclose_each(
    session: Session, actor: Actor, undisclosed: Sequence[UndisclosedAnswer[Facet]]
) -> Iterator[tuple[str, Facet]]:
    """Yield the questions that may be answered, with their answers."""
    for each in undisclosed:
        try:
            yield each.question, disclose(session, actor, each)
        except RevealsFew:
            continue
