"""What a figure is: a cohort, what is counted of it, and what it is split by."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.cohorts.checking import (
    validate as validate_cohort,
    validate_event,
    validate_split,
)
from services.analytics.cohorts.nouns import NOUNS
from services.analytics.cohorts.statements import comparable_kinds
from services.analytics.figures.distributions import Distribution
from services.core.errors import InvalidInput
from services.core.sentences import Sentence


class FigureMeasure(StrEnum):
    """What is disclosed: who remains, what share, events, or a quantity."""

    PATIENTS = "patients"
    SHARE = "share"
    EVENTS = "events"
    DISTRIBUTION = "distribution"
    PROPORTION = "proportion"


# Shares, and means of parts, do not add up to those of the whole.
MEASURES_WITH_TOTALS: Final = frozenset({FigureMeasure.PATIENTS, FigureMeasure.EVENTS})
_MEASURES_OF_EVENTS: Final = frozenset({FigureMeasure.EVENTS, FigureMeasure.PROPORTION})


class Quantity(StrEnum):
    """A number that an event has: years, a number in its own unit, minutes, or days."""

    AGE = "age"
    VALUE = "value"
    WAITING = "waiting time"
    BOOKED_AHEAD = "days booked ahead"


class Chart(StrEnum):
    """How a figure is drawn; `AUTOMATIC` chooses by what the figure is split by."""

    AUTOMATIC = "automatic"
    LINE = "line"
    BARS = "bars"
    HEAT_MAP = "heat map"
    TABLE = "pivot table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Those who remain in a cohort, split by their first event or by other events.

    `of` are the events by whose values they are split, and which are counted; without
    them, it is the event that lets patients in. `cohort` itself is not split.
    `quantity` is what a distribution is of. Of a proportion, these events are the
    denominator, and those that match `numerator` as well are counted. With `totals`,
    the numbers by two dimensions are summed up by each of them.
    """

    cohort: Cohort
    by: tuple[Dimension, ...]
    measure: FigureMeasure = FigureMeasure.PATIENTS
    of: CohortEvent | None = None
    quantity: Quantity | None = None
    numerator: CohortEvent | None = None
    totals: bool = False
    chart: Chart = Chart.AUTOMATIC

    @property
    def event(self) -> CohortEvent:
        """The events by whose values the figure is split."""
        return self.of or self.cohort.entry

    @property
    def counts_events(self) -> bool:
        """Whether events are counted, and not the patients who had them."""
        return self.measure in _MEASURES_OF_EVENTS


@dataclass(frozen=True, slots=True)
class FigureCell:
    """The numbers of one group; None is a number that is hidden or was not asked for.

    For shares, `entered` is how many came in and `number` how many of them remain; for
    proportions, how many events there are and how many of them are counted. In a total,
    the values that it sums up are empty.
    """

    values: tuple[str, ...]
    number: int | None
    entered: int | None = None
    distribution: Distribution | None = None

    @property
    def share(self) -> float | None:
        """Which part of `entered` is in `number`, from 0 to 1."""
        if not self.entered or self.number is None:
            return None
        return self.number / self.entered


@dataclass(frozen=True, slots=True)
class FigureResult:
    """A figure's numbers as of `counted_at`; those of a value are in one unit."""

    figure: Figure
    sentence: str
    cells: tuple[FigureCell, ...]
    smallest_group: int
    counted_at: datetime
    totals: tuple[FigureCell, ...] = ()
    unit: str = ""


def validate(figure: Figure) -> None:
    """Raise InvalidInput, in a sentence, for a figure that cannot be counted."""
    validate_cohort(figure.cohort)
    if figure.cohort.split_by:
        raise InvalidInput(
            "split_by",
            "A figure is split by its own fields; leave those of its cohort empty.",
        )
    if not figure.by:
        raise InvalidInput(
            "by", "Choose what the figure is split by, one thing or two."
        )
    event = figure.event
    validate_event(event)
    validate_split("by", figure.by, event.kind)
    _validate_quantity(figure, event)
    _validate_numerator(figure, event)
    if figure.totals and not (figure.by[1:] and figure.measure in MEASURES_WITH_TOTALS):
        raise InvalidInput(
            "totals",
            "Totals are only for patients or events split by two things; leave "
            "them out.",
        )
    if figure.measure is FigureMeasure.SHARE:
        if figure.of:
            raise InvalidInput(
                "measure",
                "A share is of those who came in, by their first event; for others, "
                "count patients or events.",
            )
        if not figure.cohort.steps:
            raise InvalidInput(
                "measure",
                "Without a rule the whole cohort remains; add one, or count patients.",
            )


def _validate_numerator(figure: Figure, event: CohortEvent) -> None:
    if (figure.measure is FigureMeasure.PROPORTION) != (figure.numerator is not None):
        raise InvalidInput(
            "numerator",
            "A proportion of events needs a numerator; other figures cannot have one.",
        )
    if figure.numerator is None:
        return
    validate_event(figure.numerator)
    if figure.numerator.kind not in comparable_kinds(event.kind):
        raise InvalidInput(
            "numerator",
            Sentence(
                "No {event} is a {kind}: choose events of the same kind, or for visits "
                "what became of them.",
                event=NOUNS[event.kind].alone,
                kind=NOUNS[figure.numerator.kind].alone,
            ),
        )


def _validate_quantity(figure: Figure, event: CohortEvent) -> None:
    if (figure.measure is FigureMeasure.DISTRIBUTION) != (figure.quantity is not None):
        raise InvalidInput(
            "quantity",
            "A distribution needs a quantity; other figures cannot have one.",
        )
    if figure.quantity is Quantity.VALUE:
        if event.kind is not EventKind.VITAL:
            raise InvalidInput("quantity", "Only vital signs have a value.")
        if not (event.words.strip() or event.code.strip()):
            raise InvalidInput(
                "quantity",
                "Choose one vital sign: the values of different ones do not make one "
                "distribution.",
            )
    if figure.quantity is Quantity.WAITING and event.kind is not EventKind.VISIT:
        raise InvalidInput("quantity", "Only visits have a waiting time.")
    if figure.quantity is Quantity.BOOKED_AHEAD and not event.kind.is_visit:
        raise InvalidInput("quantity", "Only visits are booked ahead.")
