"""Which cohorts can be counted, and what is wrong with those that cannot."""

from typing import Final

from services.analytics.cohorts.model import (
    MOST_DIMENSIONS,
    MOST_RULES,
    MOST_STEPS,
    Cohort,
    CohortEvent,
    EventKind,
    Rule,
)
from services.core.errors import InvalidInput
from services.core.typed_text import is_storable

_LONGEST_WORDS: Final = 200
_LONGEST_CODE: Final = 20
_OLDEST: Final = 150
_MOST_TIMES: Final = 100
_MOST_DAYS: Final = 36_525
_CODED: Final = frozenset(
    {
        EventKind.DIAGNOSIS,
        EventKind.MEDICATION,
        EventKind.ALLERGY,
        EventKind.PROCEDURE,
        EventKind.ENCOUNTER,
        EventKind.VITAL,
    }
)


def validate(cohort: Cohort) -> None:
    """Raise InvalidInput, in a sentence, for a cohort that cannot be counted."""
    _check_event(cohort.entry)
    if len(cohort.steps) > MOST_STEPS:
        _refuse("steps", f"A cohort has at most {MOST_STEPS} steps.")
    for step in cohort.steps:
        if not 1 <= len(step) <= MOST_RULES:
            _refuse("steps", f"A step has from 1 to {MOST_RULES} rules.")
        for rule in step:
            _check_rule(rule)
    if len(cohort.split_by) > MOST_DIMENSIONS:
        _refuse("split_by", f"Split by at most {MOST_DIMENSIONS} things at once.")
    if len(set(cohort.split_by)) < len(cohort.split_by):
        _refuse("split_by", "Split by each thing once.")


def _check_rule(rule: Rule) -> None:
    _check_event(rule.event)
    if not 1 <= rule.times <= _MOST_TIMES:
        _refuse("times", f"How often is a number from 1 to {_MOST_TIMES}.")
    if rule.within and not 1 <= rule.within.days <= _MOST_DAYS:
        _refuse("days", f"Days are a number from 1 to {_MOST_DAYS:,}.")


def _check_event(event: CohortEvent) -> None:
    if len(event.words) > _LONGEST_WORDS or not is_storable(event.words):
        _refuse("words", f"Words are text of at most {_LONGEST_WORDS} characters.")
    if len(event.code) > _LONGEST_CODE or not is_storable(event.code):
        _refuse("code", f"A code has at most {_LONGEST_CODE} characters.")
    if event.code and event.kind not in _CODED:
        _refuse("code", f"A {event.kind} has no code; leave it empty.")
    has_value = event.at_least is not None or event.at_most is not None
    if has_value and event.kind is not EventKind.VITAL:
        _refuse("at_least", f"A {event.kind} has no value; leave it empty.")
    _require_order("at_least", "values", event.at_least, event.at_most)
    for age in (event.from_age, event.to_age):
        if age is not None and not 0 <= age <= _OLDEST:
            _refuse("from_age", f"An age is a number from 0 to {_OLDEST}.")
    _require_order("from_age", "ages", event.from_age, event.to_age)
    if event.since and event.until and event.since > event.until:
        _refuse("since", "The first day lies after the last one; change the two.")


def _require_order(
    name: str, what: str, lowest: float | None, highest: float | None
) -> None:
    if lowest is not None and highest is not None and lowest > highest:
        _refuse(name, f"The lower of the two {what} is the higher one; change them.")


def _refuse(name: str, sentence: str) -> None:
    raise InvalidInput(name, sentence)
