"""The commonest words of a kind of event, and how many patients a rule finds by them.

They are those of the whole clinic and not of a cohort: everybody is told of the same
groups, which are in the log once, and a rule with these words is the same group again.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from services.analytics.cohorts import (
    CohortEvent,
    EventKind,
    UndisclosedAnswer,
    classes,
    statements,
)
from services.analytics.members import Members, distinct, hashes_of, union_of

MOST_FACETS: Final = 8


@dataclass(frozen=True, slots=True)
class Facet:
    """Words, and how many patients had an event with them, as of `counted_at`."""

    words: str
    patients: int
    counted_at: datetime


@dataclass(frozen=True, slots=True)
class _Term:
    """Words as they are mostly written, of how many events, and each one's patient."""

    words: str
    events: int
    members: Members


def count_commonest(
    session: Session, kind: EventKind, *, now: datetime, smallest_group: int
) -> tuple[UndisclosedAnswer[Facet], ...]:
    """Count the commonest words, each separately, leaving out few patients.

    Words that everybody with such an event has, or all but few, are left out as well:
    whoever is known to have had one has them.
    """
    classes.use_clock(session, now)
    terms = _read_terms(session, kind)
    members = {
        key: union_of([terms[other].members for other in _terms_with(key, terms)])
        for key in _commonest(terms, smallest_group)
    }
    number = _number_of_patients(terms.values(), members.values(), smallest_group)
    population = session.execute(statements.select_population()).scalar_one()
    return tuple(
        undisclosed_facet(
            kind,
            json.dumps(["commonest", kind, key, smallest_group]),
            Facet(terms[key].words, len(group), now),
            group,
            population=population,
            smallest_group=smallest_group,
        )
        for key, group in members.items()
        if not 0 < population - len(group) < smallest_group
        and not _do_all_have(number, group, smallest_group)
    )


def undisclosed_facet(
    kind: EventKind,
    question: str,
    facet: Facet,
    members: Members,
    *,
    population: int,
    smallest_group: int,
) -> UndisclosedAnswer[Facet]:
    """Return a facet, and who is counted in it, as the answer to its question."""
    return UndisclosedAnswer(
        question=question,
        answer=facet,
        groups=(members,),
        population=population,
        smallest_group=smallest_group,
        attribute_sets=(CohortEvent(kind=kind, words=facet.words).attributes,),
        # Opening the list is a single question, and its words were not chosen by
        # anybody.
        part_of=question_of(kind, smallest_group),
    )


def question_of(kind: EventKind, smallest_group: int) -> str:
    """Return the question of all facets of a kind together."""
    return json.dumps(["commonest", kind, smallest_group])


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
