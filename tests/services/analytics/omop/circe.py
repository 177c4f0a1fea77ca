"""Our cohorts as definitions of OHDSI's Circe, as ATLAS would save them.

Circe is the engine behind ATLAS. What it cannot express is expressed with what a CDM
has: words are a concept set of the terms that contain them, and ages are birthdays, of
which the CDM has those that `ages_of` names. Circe's own `Age` is the difference of two
years, before the birthday as well.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    EventKind,
    Rule,
    Window,
    WindowSide,
)

# Concepts of the standard vocabulary; unknown sex has none.
GENDERS = {"male": 8507, "female": 8532, "other": 8521, "unknown": 0}
CRITERIA = {
    EventKind.DIAGNOSIS: "ConditionOccurrence",
    EventKind.MEDICATION: "DrugExposure",
    EventKind.PRESCRIPTION: "DrugExposure",
    EventKind.PROCEDURE: "ProcedureOccurrence",
    EventKind.VITAL: "Measurement",
    EventKind.ALLERGY: "Observation",
    EventKind.DOCUMENT: "Observation",
    EventKind.VISIT: "VisitOccurrence",
    EventKind.NO_SHOW: "VisitOccurrence",
    EventKind.CANCELLATION: "VisitOccurrence",
    EventKind.ENCOUNTER: "VisitOccurrence",
}
# By kind, term and code.
Concepts = Mapping[tuple[EventKind, str, str], int]
# The concept of a birthday is this plus the age reached.
BIRTHDAY = 1_000_000

_ANY_TIME = {"Start": {"Coeff": -1}, "End": {"Coeff": 1}}
_UNTIL_THE_DAY = {"Start": {"Coeff": -1}, "End": {"Days": 0, "Coeff": 1}}
# Circe's kinds of counts.
_AT_MOST, _AT_LEAST = 1, 2


def define(cohort: Cohort, concepts: Concepts) -> dict[str, Any]:
    """Return the definition of a cohort in a CDM that has these concepts."""
    sets = _ConceptSets(concepts)
    entry = _criterion(cohort.entry, sets)
    if cohort.sexes:
        (fields,) = entry.values()
        fields["Gender"] = [{"CONCEPT_ID": GENDERS[sex]} for sex in cohort.sexes]
    rules = [
        {
            "name": f"Step {number}",
            "expression": _group("ANY", [_rule(rule, sets) for rule in step]),
        }
        for number, step in enumerate(cohort.steps, start=1)
    ]
    return {
        "PrimaryCriteria": {
            "CriteriaList": [entry],
            "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
            "PrimaryCriteriaLimit": {"Type": "First"},
        },
        "InclusionRules": rules,
        "ConceptSets": sets.definitions,
    }


def ages_of(cohort: Cohort) -> frozenset[int]:
    """Return the ages whose birthdays the definition of a cohort uses."""
    events = [cohort.entry, *(rule.event for step in cohort.steps for rule in step)]
    return frozenset(age for event in events for age, _ in _birthdays(event))


class _ConceptSets:
    """The concept sets of a definition, one for each event."""

    def __init__(self, concepts: Concepts) -> None:
        self._concepts = concepts
        self.definitions: list[dict[str, Any]] = []

    def add_named(self, event: CohortEvent) -> int:
        """Add a set of the concepts that an event names, and return its number."""
        return self.add(
            number
            for (kind, term, code), number in self._concepts.items()
            if kind is event.kind and _is_named(event, term, code)
        )

    def add(self, concepts: Iterable[int]) -> int:
        """Add a set of these concepts, and return its number."""
        number = len(self.definitions)
        items = [{"concept": {"CONCEPT_ID": concept}} for concept in concepts]
        self.definitions.append(
            {"id": number, "name": f"Set {number}", "expression": {"items": items}}
        )
        return number


def _rule(rule: Rule, sets: _ConceptSets) -> dict[str, Any]:
    number = (_AT_LEAST, rule.times) if rule.has else (_AT_MOST, rule.times - 1)
    return _correlated(_criterion(rule.event, sets), number, _window(rule.within))


def _criterion(event: CohortEvent, sets: _ConceptSets) -> dict[str, Any]:
    fields: dict[str, Any] = {"CodesetId": sets.add_named(event)}
    if days := _range(event.since, event.until):
        fields["OccurrenceStartDate"] = days
    if values := _range(event.at_least, event.at_most):
        fields["ValueAsNumber"] = values
    birthdays = [
        _correlated(
            {"Observation": {"CodesetId": sets.add([BIRTHDAY + age])}},
            number,
            _UNTIL_THE_DAY,
        )
        for age, number in _birthdays(event)
    ]
    if birthdays:
        fields["CorrelatedCriteria"] = _group("ALL", birthdays)
    return {CRITERIA[event.kind]: fields}


def _birthdays(event: CohortEvent) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield the birthdays that must have passed by then, and those that must not."""
    if event.from_age is not None:
        yield event.from_age, (_AT_LEAST, 1)
    if event.to_age is not None:
        yield event.to_age + 1, (_AT_MOST, 0)


def _is_named(event: CohortEvent, term: str, code: str) -> bool:
    if not event.words and not event.code:
        return True
    sought = rf"(^| ){re.escape(_folded(event.words))}"
    has_words = bool(event.words) and re.search(sought, _folded(term)) is not None
    return has_words or (bool(event.code) and code == event.code)


def _folded(text: str) -> str:
    """Return text in lower case without accents."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(each for each in apart if not unicodedata.combining(each)).lower()


def _group(of_type: str, criteria: Collection[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Type": of_type, "CriteriaList": list(criteria)}


def _correlated(
    criterion: Mapping[str, Any], number: tuple[int, int], window: Mapping[str, Any]
) -> dict[str, Any]:
    kind, count = number
    return {
        "Criteria": criterion,
        "StartWindow": window,
        "Occurrence": {"Type": kind, "Count": count},
    }


def _window(within: Window | None) -> Mapping[str, Any]:
    if within is None:
        return _ANY_TIME
    nearest, farthest = {"Days": 1}, {"Days": within.days}
    if within.side is WindowSide.AFTER:
        return {"Start": nearest | {"Coeff": 1}, "End": farthest | {"Coeff": 1}}
    return {"Start": farthest | {"Coeff": -1}, "End": nearest | {"Coeff": -1}}


def _range(lowest: date | float | None, highest: date | float | None) -> dict[str, Any]:
    """Return a range with both of its ends; without any it is empty."""
    first, last = (
        str(end) if isinstance(end, date) else end for end in (lowest, highest)
    )
    if first is None and last is None:
        return {}
    if first is None:
        return {"Op": "lte", "Value": last}
    if last is None:
        return {"Op": "gte", "Value": first}
    return {"Op": "bt", "Value": first, "Extent": last}
