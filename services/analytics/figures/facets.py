"""The commonest words of a kind of event, and how many patients a rule finds by them.

They are those of the whole clinic and not of a cohort: everybody is told of the same
groups, which are in the log once, and a rule with these words is the same group again.
The answer is the same for everybody, too, and is kept for a while: in a clinic of a
million patients, counting takes seconds.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nlargest
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from services.analytics.cohorts import (
    CohortEvent,
    CompositeAnswer,
    EventKind,
    RevealsFew,
    UndisclosedAnswer,
    classes,
    disclose,
    statements,
)
from services.analytics.members import Members, distinct, hashes_of, union_of
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action

MOST_FACETS: Final = 8
CACHED_FOR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Facet:
    """Words, and how many patients had an event with them, as of `counted_at`."""

    words: str
    patients: int
    counted_at: datetime


@dataclass(frozen=True, slots=True)
class _CachedFacets:
    """The facets of a kind, all of them disclosed, and when they were counted."""

    facets: tuple[Facet, ...]
    counted_at: datetime


@dataclass(frozen=True, slots=True)
class _Term:
    """Words as they are mostly written, of how many events, and each one's patient."""

    words: str
    events: int
    members: Members


def count_facets(
    session: Session,
    actor: Actor,
    kind: EventKind,
    *,
    now: datetime,
    smallest_group: int,
) -> tuple[UndisclosedAnswer[Facet], ...]:
    """Count the commonest words of a kind, each separately, leaving out few patients.

    Words that everybody with such an event has, or all but few, are left out as well:
    whoever is known to have had one has them. They may be shown once `disclose_facets`
    has checked them against earlier disclosures. Raises NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    _record(session, actor, kind)
    classes.use_clock(session, now)
    terms = _read_terms(session, kind)
    members = {
        key: union_of([terms[other].members for other in _terms_with(key, terms)])
        for key in _commonest(terms, smallest_group)
    }
    number = _number_of_patients(terms.values(), members.values(), smallest_group)
    population = session.execute(statements.select_population()).scalar_one()
    return tuple(
        UndisclosedAnswer(
            question=json.dumps(["commonest", kind, key, smallest_group]),
            answer=Facet(terms[key].words, len(group), now),
            groups=(group,),
            population=population,
            smallest_group=smallest_group,
            attribute_sets=(CohortEvent(kind=kind, words=terms[key].words).attributes,),
            # Opening the list is a single question, and its words were not chosen by
            # anybody.
            part_of=_question(kind, smallest_group),
        )
        for key, group in members.items()
        if not 0 < population - len(group) < smallest_group
        and not _do_all_have(number, group, smallest_group)
    )


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


def disclose_cached_facets(
    session: Session,
    actor: Actor,
    kind: EventKind,
    *,
    now: datetime,
    smallest_group: int,
) -> tuple[Facet, ...] | None:
    """Return facets disclosed to anybody within the last hour; None without any.

    On the primary; the caller commits. Raises NotAllowed.
    """
    kept = _composite(_question(kind, smallest_group)).disclose(session, actor)
    if kept is None or now - kept.counted_at > CACHED_FOR:
        return None
    _record(session, actor, kind)
    return kept.facets


def _record(session: Session, actor: Actor, kind: EventKind) -> None:
    details = {"criteria": {"commonest": kind.value}}
    audit.record(session, actor, Action.COHORT_COUNT, details=details)


def _question(kind: EventKind, smallest_group: int) -> str:
    return json.dumps(["commonest", kind, smallest_group])


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


def _read_terms(session: Session, kind: EventKind) -> Mapping[str, _Term]:
    """Return the words of dated events of a kind, by their folded form.

    They are read in one pass, with a patient once for each event: to count patients,
    PostgreSQL would sort all events, and would read those with the commonest words once
    more.
    """
    writings: dict[str, list[tuple[str, int, Members]]] = {}
    for key, words, events, members in session.execute(
        statements.select_members_by_term(kind)
    ):
        writings.setdefault(key, []).append((words, events, hashes_of(members)))
    return {
        key: _Term(
            # The commonest writing is first.
            words=some[0][0],
            events=sum(events for _, events, _ in some),
            members=np.concatenate([members for *_, members in some]),
        )
        for key, some in writings.items()
    }


def _commonest(terms: Mapping[str, _Term], k: int) -> list[str]:
    """Return the words that most patients have, at least k, the commonest first.

    The patients of words with fewer events than others have patients are not counted.
    """
    sizes: dict[str, int] = {}
    for key in sorted(filter(None, terms), key=lambda each: -terms[each].events):
        is_enough = len(sizes) >= MOST_FACETS
        if is_enough and terms[key].events < min(nlargest(MOST_FACETS, sizes.values())):
            break
        sizes[key] = len(distinct(terms[key].members))
    # Words with equally many patients remain in their own order.
    ordered = sorted(filter(sizes.get, terms), key=lambda each: -sizes[each])
    return [key for key in ordered[:MOST_FACETS] if sizes[key] >= k]


def _terms_with(key: str, terms: Mapping[str, object]) -> Iterator[str]:
    """Yield the words that a rule with these finds, from the beginning of a word on."""
    return (other for other in terms if f" {key}" in f" {other}")


def _number_of_patients(
    terms: Iterable[_Term], groups: Collection[Members], k: int
) -> int:
    """Return how many had such an event, or fewer with at least k outside each group.

    Mostly the groups of the commonest words show that for each other, and nobody else
    is counted.
    """
    number = len(union_of([*groups]))
    if not any(_do_all_have(number, group, k) for group in groups):
        return number
    return len(union_of([each.members for each in terms]))


def _do_all_have(number: int, group: Members, k: int) -> bool:
    return k > 1 and number - len(group) < k
