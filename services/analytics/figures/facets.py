"""The commonest words of a kind of event, and how many patients a rule finds by them.

They are of the whole clinic and not of a cohort: so everybody is told of the same
groups, which are in the log once, and a rule with these words is the same group again.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from services.analytics.cohorts import (
    CohortEvent,
    EventKind,
    RevealsFew,
    UndisclosedAnswer,
    classes,
    statements,
    tell,
)
from services.analytics.cohorts.inference import Members, members_of
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action

MOST: Final = 8


@dataclass(frozen=True, slots=True)
class Facet:
    """Words, and how many patients had such an event, as of `counted_at`."""

    words: str
    patients: int
    counted_at: datetime


def find_facets(
    session: Session,
    actor: Actor,
    kind: EventKind,
    *,
    now: datetime,
    smallest_group: int,
) -> tuple[UndisclosedAnswer[Facet], ...]:
    """Count the commonest words of a kind, each for itself; few are left out.

    So are words that all have who had such an event, or all but few: whoever is known
    to have had one has them. They may be shown once `tell_facets` has held them against
    what was told before. Raises NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    details = {"criteria": {"commonest": kind.value}}
    audit.record(session, actor, Action.COHORT_COUNT, details=details)
    classes.use_clock(session, now)
    terms = {
        key: (term, number)
        for key, term, number in session.execute(statements.terms(kind))
    }
    commonest = [key for key, (_, number) in terms.items() if number >= smallest_group]
    matches = {key: list(_terms_with(key, terms)) for key in commonest[:MOST]}
    members = _members(session, kind, matches)
    number = _number_of_patients(session, kind, members.values(), smallest_group)
    population = session.execute(statements.population()).scalar_one()
    return tuple(
        UndisclosedAnswer(
            question=json.dumps(["commonest", kind, key, smallest_group]),
            answer=Facet(terms[key][0], len(group), now),
            groups=(group,),
            population=population,
            smallest_group=smallest_group,
            namings=(CohortEvent(kind=kind, words=terms[key][0]).naming,),
            # Whoever opens them has asked once, and chosen no words.
            part_of=json.dumps(["commonest", kind, smallest_group]),
        )
        for key, group in members.items()
        if not 0 < population - len(group) < smallest_group
        and not _have_all(number, group, smallest_group)
    )


def tell_facets(
    session: Session, actor: Actor, undisclosed: Sequence[UndisclosedAnswer[Facet]]
) -> tuple[Facet, ...]:
    """Return those that may be told, on the primary; the caller commits.

    The others are left out. Raises NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    return tuple(_tell_each(session, actor, undisclosed))


def _tell_each(
    session: Session, actor: Actor, undisclosed: Sequence[UndisclosedAnswer[Facet]]
) -> Iterator[Facet]:
    for each in undisclosed:
        try:
            yield tell(session, actor, each)
        except RevealsFew:
            continue


def _terms_with(key: str, terms: Mapping[str, object]) -> Iterator[str]:
    """Yield what a rule finds by these words: they begin at the beginning of a word."""
    return (other for other in terms if f" {key}" in f" {other}")


def _number_of_patients(
    session: Session, kind: EventKind, groups: Collection[Members], k: int
) -> int:
    """Return how many had such an event, or fewer of whom k are beside each group.

    Mostly the commonest words say so of each other, and nobody else is counted.
    """
    if not groups:
        return 0
    number = len(np.unique(np.concatenate([*groups])))
    if not any(_have_all(number, group, k) for group in groups):
        return number
    return session.execute(statements.patients_of(kind)).scalar_one()


def _have_all(number: int, group: Members, k: int) -> bool:
    return k > 1 and number - len(group) < k


def _members(
    session: Session, kind: EventKind, matches: Mapping[str, Sequence[str]]
) -> dict[str, Members]:
    wanted = sorted({key for keys in matches.values() for key in keys})
    rows = session.execute(statements.members_by_term(kind, wanted))
    by_term = {key: members_of(members) for key, members in rows}
    return {
        key: np.unique(np.concatenate([by_term[each] for each in keys]))
        for key, keys in matches.items()
    }
