"""Counting a cohort: attrition and counts, with small ones hidden, and audited."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from services.analytics.cohorts import checking, suppression, tables
from services.analytics.cohorts.classes import (
    PatientClass,
    cell_members_of,
    members_by_variation,
    members_who_passed,
    read_classes,
)
from services.analytics.cohorts.disclosure import UndisclosedAnswer
from services.analytics.cohorts.model import Cohort
from services.analytics.cohorts.results import (
    AttritionStep,
    Cell,
    CohortCount,
    CohortResult,
    SuppressionReason,
)
from services.analytics.cohorts.storing import to_json
from services.analytics.cohorts.wording import describe, step_phrases
from services.analytics.group_attributes import GroupAttributes
from services.analytics.joined_conditions import is_decided_by_few
from services.analytics.members import Members
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action

# The members of a disclosed number, and their attributes where these are known.
_GroupWithAttributes = tuple[Members, GroupAttributes | None]


def count(
    session: Session,
    actor: Actor,
    cohort: Cohort,
    *,
    now: datetime,
    smallest_group: int,
) -> UndisclosedAnswer[CohortResult]:
    """Count a cohort by the clinic's clock, hiding every count below `smallest_group`.

    The answer may be shown once `disclose` has checked it against earlier disclosures.
    Raises InvalidInput, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    checking.validate(cohort)
    audit.record(
        session, actor, Action.COHORT_COUNT, details={"criteria": to_json(cohort)}
    )
    classes = read_classes(session, cohort, now)
    attrition, reached = _attrition(cohort, classes, smallest_group)
    cells, within = _cells(cohort, classes, smallest_group)
    disclosed = (*reached, *within)
    return UndisclosedAnswer(
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
        groups=tuple(members for members, _ in disclosed),
        population=None,
        smallest_group=smallest_group,
        attribute_sets=tuple(attributes for _, attributes in disclosed),
    )


def _attrition(
    cohort: Cohort, classes: Sequence[PatientClass], smallest_group: int
) -> tuple[tuple[AttritionStep, ...], list[_GroupWithAttributes]]:
    """Return the attrition, and the members of its counts that are disclosed."""
    words = step_phrases(cohort)
    reached = [members_who_passed(classes, passed) for passed in range(len(words))]
    joined, alone = (
        [
            is_decided_by_few(
                members_by_variation(cohort, classes, passed, is_alone=which),
                smallest_group,
            )
            for passed in range(len(words))
        ]
        for which in (False, True)
    )
    sizes = list(map(len, reached))
    counts = list(_attrition_counts(sizes, joined, alone, smallest_group))
    steps = tuple(
        AttritionStep(f"{said[:1].upper()}{said[1:]}", number)
        for said, number in zip(words, counts, strict=True)
    )
    named = [
        (members, cohort.attributes(place)) for place, members in enumerate(reached)
    ]
    pairs = zip(named, counts, strict=True)
    return steps, [group for group, count in pairs if count.number is not None]


def _attrition_counts(
    sizes: Sequence[int],
    few_decide_joined: Sequence[bool],
    few_decide_alone: Sequence[bool],
    k: int,
) -> Iterator[CohortCount]:
    """Yield what may be disclosed of the sizes, some of which few decide about.

    Where few decide about joined conditions, no other reason is given: that a count is
    below k, or nearly all, would reveal whether somebody is among the few. Where few
    decide about a step that stands alone, nearly everybody whom the other steps leave
    meets it, whatever the order of the steps.
    """
    disclosed_sizes: list[int] = []
    for size, is_joined, is_alone in zip(
        sizes, few_decide_joined, few_decide_alone, strict=True
    ):
        *_, count = suppression.protect_attrition([*disclosed_sizes, size], k)
        if is_joined or (is_alone and count.number is not None):
            yield CohortCount(None, SuppressionReason.DECIDED_BY_FEW)
        else:
            disclosed_sizes.append(size)
            yield count


def _cells(
    cohort: Cohort, classes: Sequence[PatientClass], smallest_group: int
) -> tuple[tuple[Cell, ...], list[_GroupWithAttributes]]:
    """Return the counts by `split_by`, and the members of those that are disclosed.

    Cells in which nobody is are included, but not a value of which nothing is
    disclosed.
    """
    if not cohort.split_by:
        return (), []
    groups = cell_members_of(cohort, classes, smallest_group)
    every = {key: (len(g.patients), len(g.counted)) for key, g in groups.items()}
    suppress_remaining = {
        key
        for key, each in groups.items()
        if is_decided_by_few(each.by_variation, smallest_group)
    }
    suppress_both = tables.find_common_to_all(cohort.split_by, groups, smallest_group)
    table = suppression.protect_table(
        every,
        smallest_group,
        suppress_remaining=suppress_remaining,
        suppress_both=suppress_both,
    )
    attribute_sets = tables.attributes_of_cells(cohort, cohort.split_by)
    shown = tables.disclosed_members(table, groups, attribute_sets)
    is_there = tables.on_disclosed_axes(
        cohort.split_by,
        (key for key, numbers in table.items() if numbers != (None, None)),
    )
    cells = (Cell(key, *numbers) for key, numbers in table.items() if is_there(key))
    return tuple(cells), shown
