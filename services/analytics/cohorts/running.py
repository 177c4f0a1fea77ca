"""A cohort counted: attrition and counts, small ones hidden, and written down."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product
from typing import Final

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.analytics.cohorts import checking, statements, suppression
from services.analytics.cohorts.inference import Members, members_of
from services.analytics.cohorts.model import Cohort, Dimension
from services.analytics.cohorts.results import AttritionStep, Cell, CohortResult
from services.analytics.cohorts.storing import to_json
from services.analytics.cohorts.telling import Untold
from services.analytics.cohorts.wording import describe, tell_steps
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action

_QUARTERS: Final = 4


@dataclass(frozen=True, slots=True)
class PatientClass:
    """Patients alike in what a cohort is split by and in how many steps they passed."""

    values: tuple[str, ...]
    passed: int
    members: Members


def count(
    session: Session,
    actor: Actor,
    cohort: Cohort,
    *,
    now: datetime,
    smallest_group: int,
) -> Untold[CohortResult]:
    """Count a cohort by the clinic's clock; nothing below `smallest_group` is in it.

    It may be shown once `tell` has held it against what was told before. Raises
    InvalidInput, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    checking.validate(cohort)
    audit.record(
        session, actor, Action.COHORT_COUNT, details={"criteria": to_json(cohort)}
    )
    classes = read_classes(session, cohort, now)
    attrition, reached = _attrition(cohort, classes, smallest_group)
    cells, within = _cells(cohort, classes, smallest_group)
    return Untold(
        question=json.dumps([to_json(cohort), smallest_group], sort_keys=True),
        answer=CohortResult(
            cohort,
            describe(cohort),
            attrition,
            cohort.split_by,
            cells,
            smallest_group,
            now,
        ),
        groups=(*reached, *within),
        population=session.execute(statements.population()).scalar_one(),
        smallest_group=smallest_group,
    )


def read_classes(
    session: Session, cohort: Cohort, now: datetime
) -> tuple[PatientClass, ...]:
    """Read the patients of a cohort, in classes that its counts tell apart."""
    # The days of visits are those of the clinic's clock, until the transaction ends.
    zone = str(now.tzinfo or UTC)
    session.execute(select(func.set_config("TimeZone", zone, True)))
    return tuple(
        PatientClass(tuple(values), passed, members_of(members))
        for *values, passed, _, members in session.execute(statements.classes(cohort))
    )


def _attrition(
    cohort: Cohort, classes: Sequence[PatientClass], smallest_group: int
) -> tuple[tuple[AttritionStep, ...], list[Members]]:
    """Return the attrition, and who is in the counts of it that are told."""
    words = tell_steps(cohort)
    reached = [members_of_all(classes, passed) for passed in range(len(words))]
    told = suppression.protect_attrition(list(map(len, reached)), smallest_group)
    steps = tuple(
        AttritionStep(f"{said[:1].upper()}{said[1:]}", number)
        for said, number in zip(words, told, strict=True)
    )
    pairs = zip(reached, told, strict=True)
    return steps, [members for members, count in pairs if count.number is not None]


def _cells(
    cohort: Cohort, classes: Sequence[PatientClass], smallest_group: int
) -> tuple[tuple[Cell, ...], list[Members]]:
    """Return the counts by what they are split by, those that nobody is in as well.

    And who is in those of them that are told.
    """
    if not cohort.split_by:
        return (), []
    inside: dict[tuple[str, ...], list[PatientClass]] = {}
    for each in classes:
        inside.setdefault(each.values, []).append(each)
    axes = [
        _axis(dimension, sorted({key[place] for key in inside}))
        for place, dimension in enumerate(cohort.split_by)
    ]
    ends = (0, len(cohort.steps))
    groups = {
        key: tuple(members_of_all(inside.get(key, ()), passed) for passed in ends)
        for key in product(*axes)
    }
    every = {key: (len(came), len(left)) for key, (came, left) in groups.items()}
    told = suppression.protect_table(every, smallest_group)
    shown = [
        members
        for key, numbers in told.items()
        for members, number in zip(groups[key], numbers, strict=True)
        if number is not None
    ]
    return tuple(Cell(key, *numbers) for key, numbers in told.items()), shown


def members_of_all(classes: Sequence[PatientClass], passed: int) -> Members:
    """Return who of the classes passed at least so many steps."""
    found = [each.members for each in classes if each.passed >= passed]
    return np.sort(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)


def _axis(dimension: Dimension, found: Sequence[str]) -> Sequence[str]:
    """Return the values of a dimension without gaps: a gap would tell that it is 0."""
    if not found or dimension in {Dimension.SEX, Dimension.AGE_BAND}:
        return found
    first, last = _number(found[0]), _number(found[-1])
    if dimension is Dimension.YEAR:
        return [str(year) for year in range(first, last + 1)]
    return [
        f"{number // _QUARTERS} Q{number % _QUARTERS + 1}"
        for number in range(first, last + 1)
    ]


def _number(value: str) -> int:
    year, _, quarter = value.partition(" Q")
    return int(year) * _QUARTERS + int(quarter) - 1 if quarter else int(year)
