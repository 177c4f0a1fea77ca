"""What a cohort is: an event that lets patients in, and rules that keep them."""

from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final

from services.analytics.group_attributes import (
    NO_ATTRIBUTES,
    GroupAttributes,
    attributes_of,
)
from services.patients.records.model import Sex

MOST_STEPS: Final = 8
MOST_RULES: Final = 5
MOST_DIMENSIONS: Final = 2


class EventKind(StrEnum):
    """What can happen to a patient."""

    DIAGNOSIS = "diagnosis"
    MEDICATION = "medication"
    ALLERGY = "allergy"
    PROCEDURE = "procedure"
    VITAL = "vital sign"
    VISIT = "visit"
    NO_SHOW = "no-show"
    CANCELLATION = "cancelled visit"
    KEPT_OR_MISSED = "kept or missed visit"
    BOOKED_VISIT = "booked visit"
    PRESCRIPTION = "prescription"
    DOCUMENT = "document"
    ENCOUNTER = "encounter elsewhere"
    REGISTRATION = "registration"

    @property
    def is_visit(self) -> bool:
        """Whether such events are at the clinic, at an hour and with a speciality."""
        return self in _VISITS

    @property
    def has_words(self) -> bool:
        """Whether such events say anything beyond that they happened."""
        return self is not EventKind.REGISTRATION


class WindowSide(StrEnum):
    """The side of the first event on which another one lies; never on its own day."""

    AFTER = "after"
    BEFORE = "before"


class Dimension(StrEnum):
    """What counts can be split by: who a patient is, and when and what an event was."""

    SEX = "sex"
    AGE_BAND = "age band"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    WEEKDAY = "weekday"
    HOUR = "hour"
    SPECIALITY = "speciality"
    STATUS = "status"
    WORDS = "words"
    CODE = "code"


_VISITS: Final = frozenset(
    {
        EventKind.VISIT,
        EventKind.NO_SHOW,
        EventKind.CANCELLATION,
        EventKind.KEPT_OR_MISSED,
        EventKind.BOOKED_VISIT,
    }
)
CODED: Final = frozenset(
    {
        EventKind.DIAGNOSIS,
        EventKind.MEDICATION,
        EventKind.ALLERGY,
        EventKind.PROCEDURE,
        EventKind.ENCOUNTER,
        EventKind.VITAL,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortEvent:
    """Events of a kind; a field that is None or empty is not a condition.

    `words` match from the beginning of a word on; if there is a `code` as well, either
    is enough. `at_least` and `at_most` limit the value, ages are in completed years on
    the day, and all bounds are included.
    """

    kind: EventKind
    words: str = ""
    code: str = ""
    at_least: float | None = None
    at_most: float | None = None
    from_age: int | None = None
    to_age: int | None = None
    since: date | None = None
    until: date | None = None

    @property
    def attributes(self) -> GroupAttributes:
        """What the event says of a patient; its kind, days and ages alone say nothing.

        Nor does the fact that somebody was measured, which is no illness; a measured
        value does.
        """
        values = (self.at_least, self.at_most)
        is_measured = self.kind is EventKind.VITAL and values == (None, None)
        if is_measured or not (self.words or self.code or values != (None, None)):
            return NO_ATTRIBUTES
        words = " ".join(self.words.casefold().split())
        return attributes_of(self.kind, words, self.code, *values)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventByTerms(CohortEvent):
    """An event by words, with the known terms of dated entries that match these."""

    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryBounds:
    """The ages and days between which the first of all matching events has to lie.

    Unlike an event's own bounds, they do not make a later event the first.
    """

    from_age: int | None = None
    to_age: int | None = None
    since: date | None = None
    until: date | None = None

    def __bool__(self) -> bool:
        """Return whether there are any bounds."""
        return self != EntryBounds()


@dataclass(frozen=True, slots=True)
class Window:
    """A number of days after the first event, or before it; its own day is excluded."""

    days: int
    side: WindowSide = WindowSide.AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The condition that a patient has had an event a number of times, or has not."""

    event: CohortEvent
    has: bool = True
    times: int = 1
    within: Window | None = None

    @property
    def attributes(self) -> GroupAttributes:
        """The attributes of the patients who meet the rule."""
        if self.has or not self.event.attributes:
            return self.event.attributes
        return attributes_of("has not", *self.event.attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The patients whom an event lets in, and who pass every step.

    A patient comes in on the day of the first event that matches `entry`, if it lies
    within `entry_bounds`. A step is passed by meeting one of its rules. Empty `sexes`
    mean all.
    """

    entry: CohortEvent
    entry_bounds: EntryBounds = EntryBounds()
    sexes: tuple[Sex, ...] = ()
    steps: tuple[tuple[Rule, ...], ...] = ()
    split_by: tuple[Dimension, ...] = ()

    @property
    def first_event(self) -> CohortEvent:
        """The event by which patients come in, within all bounds for it."""
        bounds = asdict(self.entry_bounds)
        known = {name: value for name, value in bounds.items() if value is not None}
        return replace(self.entry, **known)

    def within(self, first: CohortEvent) -> "Cohort":
        """Return those whose first event lies between the ages and days of `first`."""
        entry, bounds = self.entry, EntryBounds()
        if (first.from_age, first.to_age) != (entry.from_age, entry.to_age):
            bounds = replace(bounds, from_age=first.from_age, to_age=first.to_age)
        if (first.since, first.until) != (entry.since, entry.until):
            bounds = replace(bounds, since=first.since, until=first.until)
        return replace(self, entry_bounds=bounds)

    def attributes(self, passed: int) -> GroupAttributes:
        """Return the attributes of those who pass the first `passed` steps.

        Only one of several rules in a step has to be met, so that together they are one
        attribute.
        """
        steps = (
            next(iter(step)).attributes
            if len(step) == 1
            else attributes_of(
                "or", sorted(name for rule in step for name in rule.attributes)
            )
            for step in self.steps[:passed]
            if any(rule.attributes for rule in step)
        )
        return self.entry.attributes.union(*steps)
