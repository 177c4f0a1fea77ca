"""What a figure is: a cohort, what is counted of it, and by what."""

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
from services.analytics.figures.distributions import Distribution
from services.core.errors import InvalidInput


class FigureMeasure(StrEnum):
    """What is told: who remains of a cohort, which part, events, or a quantity."""

    PATIENTS = "patients"
    SHARE = "share"
    EVENTS = "events"
    DISTRIBUTION = "distribution"


# Shares and means of parts are no sum of the whole's.
SUMMED: Final = frozenset({FigureMeasure.PATIENTS, FigureMeasure.EVENTS})


class Quantity(StrEnum):
    """What an event has a number of: years, its own unit, or minutes."""

    AGE = "age"
    VALUE = "value"
    WAITING = "waiting time"


class Chart(StrEnum):
    """How a figure is drawn; by itself by what it is split by."""

    ITSELF = "automatic"
    LINE = "line"
    BARS = "bars"
    HEAT_MAP = "heat map"
    TABLE = "pivot table"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Those who remain of a cohort, split by their first event or by others.

    `of` are the events whose values they are split by, and which are counted; without
    them it is the event that lets patients in. `cohort` is split by nothing itself.
    `quantity` is what a distribution is of, and with `totals` the numbers of two things
    are summed up by each of them.
    """

    cohort: Cohort
    by: tuple[Dimension, ...]
    measure: FigureMeasure = FigureMeasure.PATIENTS
    of: CohortEvent | None = None
    quantity: Quantity | None = None
    totals: bool = False
    chart: Chart = Chart.ITSELF


@dataclass(frozen=True, slots=True)
class FigureCell:
    """The numbers of one group; None is what must not be told, or was not asked for.

    For shares `entered` is how many came in and `number` how many of them remain. Of a
    total the values that it is a sum of are empty.
    """

    values: tuple[str, ...]
    number: int | None
    entered: int | None = None
    distribution: Distribution | None = None

    @property
    def share(self) -> float | None:
        """How many of those who came in remain, from 0 to 1."""
        if not self.entered or self.number is None:
            return None
        return self.number / self.entered


@dataclass(frozen=True, slots=True)
class FigureResult:
    """A figure's numbers, as they were at `counted_at`; a value's are of one unit."""

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
    event = figure.of or figure.cohort.entry
    validate_event(event)
    validate_split("by", figure.by, event.kind)
    _validate_quantity(figure, event)
    if figure.totals and not (figure.by[1:] and figure.measure in SUMMED):
        raise InvalidInput(
            "totals", "Totals are of patients or events by two things; leave them out."
        )
    if figure.measure is FigureMeasure.SHARE:
        if figure.of:
            raise InvalidInput(
                "measure",
                "A share is of those who came in, by their first event; count patients "
                "or events of others.",
            )
        if not figure.cohort.steps:
            raise InvalidInput(
                "measure",
                "Without a rule all of a cohort remain; add one, or count patients.",
            )


def _validate_quantity(figure: Figure, event: CohortEvent) -> None:
    if (figure.measure is FigureMeasure.DISTRIBUTION) != (figure.quantity is not None):
        raise InvalidInput(
            "quantity", "A distribution is of a quantity; other figures have none."
        )
    if figure.quantity is Quantity.VALUE:
        if event.kind is not EventKind.VITAL:
            raise InvalidInput("quantity", "Only vital signs have a value.")
        if not (event.words.strip() or event.code.strip()):
            raise InvalidInput(
                "quantity",
                "Choose one vital sign: the values of all of them are not one "
                "distribution.",
            )
    if figure.quantity is Quantity.WAITING and event.kind is not EventKind.VISIT:
        raise InvalidInput("quantity", "Only visits have a waiting time.")
