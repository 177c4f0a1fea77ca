"""Which cohorts can be counted, and what is wrong with those that cannot be."""

from collections.abc import Sequence
from typing import Final

from services.analytics.cohorts import statements
from services.analytics.cohorts.model import (
    CODED,
    MOST_DIMENSIONS,
    MOST_RULES,
    MOST_STEPS,
    Cohort,
    CohortEvent,
    Dimension,
    EntryBounds,
    EventKind,
    Rule,
)
from services.analytics.cohorts.nouns import NOUNS
from services.analytics.joined_conditions import MOST_JOINED
from services.core.errors import InvalidInput, Unavailable
from services.core.sentences import Sentence
from services.core.typed_text import is_storable

_LONGEST_WORDS: Final = 200
_LONGEST_CODE: Final = 20
_OLDEST: Final = 150
_MOST_TIMES: Final = 100
_MOST_DAYS: Final = 36_525
_OF_VISITS: Final = frozenset({Dimension.HOUR, Dimension.SPECIALITY, Dimension.STATUS})
_REVERSED_VALUES: Final = Sentence(
    "The lowest value is above the highest one; swap them."
)
_REVERSED_AGES: Final = Sentence("The lowest age is above the highest one; swap them.")


class UnreadableCohort(Unavailable):
    """A newer version of the app kept the cohort, with parts unknown to this one."""

    def __init__(self) -> None:
        super().__init__(
            "This cohort was saved by a newer version of the app. Open it again once "
            "all servers are up to date."
        )


def validate(cohort: Cohort) -> None:
    """Raise InvalidInput, in a sentence, for a cohort that cannot be counted."""
    validate_event(cohort.entry)
    _validate_bounds(cohort.entry_bounds)
    if len(cohort.steps) > MOST_STEPS:
        _refuse(
            "steps",
            Sentence("A cohort can have at most {most} steps.", most=MOST_STEPS),
        )
    for step in cohort.steps:
        if not 1 <= len(step) <= MOST_RULES:
            _refuse(
                "steps", Sentence("A step can have 1 to {most} rules.", most=MOST_RULES)
            )
        for rule in step:
            validate_rule(rule)
    if statements.number_joined(cohort) > MOST_JOINED:
        _refuse(
            "steps",
            Sentence(
                "At most {most} rules of a cohort can be in steps of several rules, "
                "say what patients have not had, or be of words or a code where "
                "several have both: of each it is counted how many patients it brings "
                "in and leaves out.",
                most=MOST_JOINED,
            ),
        )
    validate_split("split_by", cohort.split_by, cohort.entry.kind)


def validate_split(name: str, split_by: Sequence[Dimension], kind: EventKind) -> None:
    """Raise InvalidInput if events of the kind cannot be split by these dimensions."""
    if len(split_by) > MOST_DIMENSIONS:
        _refuse(
            name,
            Sentence("Split by at most {most} things at once.", most=MOST_DIMENSIONS),
        )
    if len(set(split_by)) < len(split_by):
        _refuse(name, Sentence("Split by each thing once."))
    for dimension in split_by:
        if dimension in _OF_VISITS and not kind.is_visit:
            _refuse(
                name,
                Sentence(
                    "Only visits have an hour, a speciality and a status; split by "
                    "something else."
                ),
            )
        if dimension is Dimension.CODE and kind not in CODED:
            _refuse(
                name,
                Sentence("A {kind} has no code to split by.", kind=NOUNS[kind].alone),
            )
        if dimension is Dimension.WORDS and not kind.has_words:
            _refuse(
                name,
                Sentence("A {kind} has no words to split by.", kind=NOUNS[kind].alone),
            )
        if dimension is Dimension.WORDS and kind.is_visit:
            _refuse(
                name,
                Sentence("The words of a visit are its speciality; split by that."),
            )


def validate_rule(rule: Rule) -> None:
    """Raise InvalidInput, in a sentence, for an invalid rule."""
    validate_event(rule.event)
    if not 1 <= rule.times <= _MOST_TIMES:
        _refuse(
            "times",
            Sentence("How often must be a number from 1 to {most}.", most=_MOST_TIMES),
        )
    if rule.within and not 1 <= rule.within.days <= _MOST_DAYS:
        _refuse(
            "days",
            Sentence("Days must be a number from 1 to {most:,}.", most=_MOST_DAYS),
        )


def validate_event(event: CohortEvent) -> None:
    """Raise InvalidInput, in a sentence, for an invalid event."""
    kind = NOUNS[event.kind].alone
    if len(event.words) > _LONGEST_WORDS or not is_storable(event.words):
        _refuse(
            "words",
            Sentence(
                "Words must be text of at most {most} characters.", most=_LONGEST_WORDS
            ),
        )
    if len(event.code) > _LONGEST_CODE or not is_storable(event.code):
        _refuse(
            "code",
            Sentence("A code can have at most {most} characters.", most=_LONGEST_CODE),
        )
    if event.words and not event.kind.has_words:
        _refuse(
            "words", Sentence("A {kind} has no words; leave them empty.", kind=kind)
        )
    if event.code and event.kind not in CODED:
        _refuse("code", Sentence("A {kind} has no code; leave it empty.", kind=kind))
    has_value = event.at_least is not None or event.at_most is not None
    if has_value and event.kind is not EventKind.VITAL:
        _refuse(
            "at_least", Sentence("A {kind} has no value; leave it empty.", kind=kind)
        )
    if _is_reversed(event.at_least, event.at_most):
        _refuse("at_least", _REVERSED_VALUES)
    _validate_bounds(event)


def _validate_bounds(bounds: CohortEvent | EntryBounds) -> None:
    for name, age in (("from_age", bounds.from_age), ("to_age", bounds.to_age)):
        if age is not None and not 0 <= age <= _OLDEST:
            _refuse(
                name,
                Sentence("An age must be a number from 0 to {most}.", most=_OLDEST),
            )
    if _is_reversed(bounds.from_age, bounds.to_age):
        _refuse("from_age", _REVERSED_AGES)
    if bounds.since and bounds.until and bounds.since > bounds.until:
        _refuse("since", Sentence("The first day is after the last one; swap them."))


def _is_reversed(lowest: float | None, highest: float | None) -> bool:
    return lowest is not None and highest is not None and lowest > highest


def _refuse(name: str, sentence: str) -> None:
    raise InvalidInput(name, sentence)
