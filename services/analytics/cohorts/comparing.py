"""Two to four cohorts side by side: sizes, ages, sexes, differences and overlaps."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations, starmap
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from services.analytics.cohorts import checking, statistics, suppression
from services.analytics.cohorts.classes import (
    PatientClass,
    members_by_variation,
    members_who_passed,
    read_classes,
)
from services.analytics.cohorts.disclosure import (
    UndisclosedAnswer,
    refusal,
    require_within_refusal_limit,
)
from services.analytics.cohorts.model import Cohort, Dimension
from services.analytics.cohorts.results import SuppressionReason
from services.analytics.cohorts.statistics import Interval
from services.analytics.cohorts.storing import to_json
from services.analytics.cohorts.wording import describe
from services.analytics.group_attributes import GroupAttributes
from services.analytics.joined_conditions import is_decided_by_few
from services.analytics.members import Members
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.core.sentences import Sentence

FEWEST_COHORTS: Final = 2
MOST_COHORTS: Final = 4
_COMPARED_BY: Final = (Dimension.AGE_BAND, Dimension.SEX)


@dataclass(frozen=True, slots=True)
class ComparedShare:
    """How many of a cohort have a value, and their share from 0 to 1; None is hidden.

    `interval` is the share's 95% confidence interval. `difference` is the standardized
    difference of the share from that in the first cohort, None in the first one.
    """

    dimension: Dimension
    value: str
    patients: int | None
    share: float | None
    interval: Interval | None
    difference: float | None


@dataclass(frozen=True, slots=True)
class ComparedCohort:
    """The patients who remain in a cohort, by age at the first event and by sex.

    If their number is not disclosed, `hidden` says why.
    """

    sentence: str
    patients: int | None
    shares: tuple[ComparedShare, ...]
    hidden: SuppressionReason | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """The number of patients in both of two cohorts, which are numbered from 0.

    `patients` is None if it is hidden.
    """

    first: int
    second: int
    patients: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Cohorts side by side, as they were at `counted_at`."""

    cohorts: tuple[ComparedCohort, ...]
    overlaps: tuple[Overlap, ...]
    smallest_group: int
    counted_at: datetime


# The dimension, and a value of it.
_Values = dict[tuple[Dimension, str], Members]


@dataclass(frozen=True, slots=True)
class _CountedCohort:
    """A cohort's patients, those with each disclosed value, and what few may decide.

    `by_variation` are the patients again, then those of each variation;
    `by_joined_variation` has only the variations of conditions that OR or NOT joins.
    """

    sentence: str
    attributes: GroupAttributes
    members: Members
    members_by_value: _Values
    by_variation: tuple[Members, ...]
    by_joined_variation: tuple[Members, ...]

    def hidden(self, k: int) -> SuppressionReason | None:
        if is_decided_by_few(self.by_joined_variation, k):
            return SuppressionReason.DECIDED_BY_FEW
        if len(self.members) < k:
            return SuppressionReason.FEW
        return (
            SuppressionReason.DECIDED_BY_FEW
            if is_decided_by_few(self.by_variation, k)
            else None
        )

    def is_disclosed(self, k: int) -> bool:
        return self.hidden(k) is None

    def share(self, value: tuple[Dimension, str]) -> float | None:
        members = self.members_by_value.get(value)
        return None if members is None else len(members) / len(self.members)


def compare(
    session: Session,
    actor: Actor,
    compared: Sequence[Cohort],
    *,
    now: datetime,
    smallest_group: int,
) -> UndisclosedAnswer[Comparison]:
    """Count cohorts side by side, hiding every count below `smallest_group`.

    The dimensions that they are split by are ignored. The answer may be shown once
    `disclose` has checked it against earlier disclosures. Raises InvalidInput,
    RevealsFew, TooManyRefusals, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    whole = [replace(cohort, split_by=()) for cohort in compared]
    _validate(whole)
    criteria = [to_json(cohort) for cohort in whole]
    question = json.dumps(["compare", criteria, smallest_group], sort_keys=True)
    details = {"criteria": criteria}
    with audit.recording_outcome(session, actor, Action.COHORT_COUNT, details=details):
        counted = [_count(session, cohort, now, smallest_group) for cohort in whole]
        if _are_any_the_same(counted, smallest_group):
            # As for every other new question: which of the two refusals comes would
            # otherwise be an answer.
            require_within_refusal_limit(session, actor)
            raise refusal(actor.id, question, smallest_group)
    shared = list(_overlaps(counted, smallest_group))
    disclosed = [
        *_disclosed_groups(counted, smallest_group),
        *(
            (members, counted[each.first].attributes | counted[each.second].attributes)
            for each, members in shared
            if each.patients is not None
        ),
    ]
    return UndisclosedAnswer(
        question=question,
        answer=Comparison(
            tuple(_compared_cohort(each, counted, smallest_group) for each in counted),
            tuple(overlap for overlap, _ in shared),
            smallest_group,
            now,
        ),
        groups=tuple(members for members, _ in disclosed),
        population=None,
        smallest_group=smallest_group,
        attribute_sets=tuple(attributes for _, attributes in disclosed),
    )


def _validate(compared: Sequence[Cohort]) -> None:
    if not FEWEST_COHORTS <= len(compared) <= MOST_COHORTS:
        raise InvalidInput(
            "cohorts",
            Sentence(
                "Compare {fewest} to {most} cohorts.",
                fewest=FEWEST_COHORTS,
                most=MOST_COHORTS,
            ),
        )
    for place, cohort in enumerate(compared):
        checking.validate(cohort)
        if cohort in compared[:place]:
            raise InvalidInput("cohorts", "Compare each cohort once.")


def _are_any_the_same(counted: Sequence[_CountedCohort], k: int) -> bool:
    """Return whether two disclosed cohorts have the same patients.

    They are refused like two cohorts that differ in few patients: their definitions may
    show that one is part of the other, and what defines the part would then hold for
    everybody in the whole.
    """
    disclosed = [each.members for each in counted if each.is_disclosed(k)]
    return k > 1 and any(starmap(np.array_equal, combinations(disclosed, 2)))


def _count(session: Session, cohort: Cohort, now: datetime, k: int) -> _CountedCohort:
    split = replace(cohort, split_by=_COMPARED_BY)
    last = len(cohort.steps)
    every = read_classes(session, split, now)
    by_variation = members_by_variation(cohort, every, last)
    by_joined_variation = members_by_variation(cohort, every, last, is_alone=False)
    classes = [each for each in every if each.passed == last]
    members_by_value = {
        (dimension, value): members
        for place, dimension in enumerate(_COMPARED_BY)
        for value, members in _by_value(cohort, every, place, k).items()
    }
    members = members_who_passed(classes, last)
    attributes = cohort.attributes(last)
    return _CountedCohort(
        describe(cohort),
        attributes,
        members,
        members_by_value,
        by_variation,
        by_joined_variation,
    )


def _by_value(
    cohort: Cohort, classes: Sequence[PatientClass], place: int, k: int
) -> dict[str, Members]:
    """Return who remains with each value, for the values that may be disclosed."""
    classes_by_value: dict[tuple[str, ...], list[PatientClass]] = {}
    last = len(cohort.steps)
    for each in classes:
        classes_by_value.setdefault((each.values[place],), []).append(each)
    members = {
        key: inside
        for key, some in sorted(classes_by_value.items())
        if len(inside := members_who_passed(some, last))
    }
    few = {
        key
        for key in members
        if is_decided_by_few(
            members_by_variation(cohort, classes_by_value[key], last), k
        )
    }
    table = suppression.protect_table(
        {key: (len(inside), len(inside)) for key, inside in members.items()}, k
    )
    hidden = {key for key, (number, _) in table.items() if number is None}
    if few - hidden:
        sizes = {key: len(inside) for key, inside in members.items()}
        hidden = suppression.with_complementary(hidden | few, sizes, k)
    return {key[0]: members[key] for key in table if key not in hidden}


def _compared_cohort(
    each: _CountedCohort, counted: Sequence[_CountedCohort], k: int
) -> ComparedCohort:
    if hidden := each.hidden(k):
        return ComparedCohort(each.sentence, None, (), hidden)
    # The same values for every cohort: a missing one would reveal that nobody has it.
    values = sorted({value for cohort in counted for value in cohort.members_by_value})
    shares = tuple(_share(each, counted[0], value) for value in values)
    return ComparedCohort(each.sentence, len(each.members), shares)


def _share(
    each: _CountedCohort, first: _CountedCohort, value: tuple[Dimension, str]
) -> ComparedShare:
    share, reference = each.share(value), first.share(value)
    if share is None:
        return ComparedShare(*value, None, None, None, None)
    number, of = len(each.members_by_value[value]), len(each.members)
    return ComparedShare(
        *value,
        number,
        share,
        statistics.wilson(number, of),
        statistics.standardized_difference(share, reference)
        if each is not first and reference is not None
        else None,
    )


def _overlaps(
    counted: Sequence[_CountedCohort], k: int
) -> Iterator[tuple[Overlap, Members]]:
    """Yield the overlap of each pair of cohorts, and who is in it.

    It is hidden if it, or what either cohort has beyond it, is of few patients, or if
    few decide who these are: the overlap and one cohort together disclose the rest.
    """
    for (first, cohort), (second, other) in combinations(enumerate(counted), 2):
        parts = (
            _members_in_part(cohort, other, np.intersect1d),
            _members_in_part(cohort, other, np.setdiff1d),
            _members_in_part(other, cohort, np.setdiff1d),
        )
        both = parts[0][0]
        is_hidden = any(
            len(who) < k or is_decided_by_few((who, *by_variation), k)
            for who, *by_variation in parts
        )
        number = None if is_hidden else len(both)
        yield Overlap(first, second, number), both


def _members_in_part(
    cohort: _CountedCohort,
    other: _CountedCohort,
    part_of: Callable[[Members, Members], Members],
) -> tuple[Members, ...]:
    """Return who is in a part of two cohorts, and in each variation of either."""
    return (
        part_of(cohort.members, other.members),
        *(part_of(each, other.members) for each in cohort.by_variation[1:]),
        *(part_of(cohort.members, each) for each in other.by_variation[1:]),
    )


def _disclosed_groups(
    counted: Sequence[_CountedCohort], k: int
) -> Iterator[tuple[Members, GroupAttributes]]:
    for each in counted:
        if each.is_disclosed(k):
            for members in (each.members, *each.members_by_value.values()):
                yield members, each.attributes
