"""How a figure is drawn, on screen and on paper alike: its form, order and words."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Final

from services.analytics.cohorts import Dimension, EventKind
from services.analytics.cohorts.wording import describe_events
from services.analytics.figures.model import (
    Chart,
    Figure,
    FigureMeasure,
    FigureResult,
    Quantity,
)
from services.core.sentences import Sentence
from services.documents.records.kinds import TYPE_LABELS, DocumentType
from services.patients.records.model import Sex

COLOURS: Final = ("#0E7A86", "#C77700", "#6A4C93", "#9AA7B0")
# Each line needs a colour of its own.
MOST_COLOURS: Final = len(COLOURS)
TIMES: Final = frozenset(
    {Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR, Dimension.HOUR}
)
ORDERED: Final = TIMES | {Dimension.WEEKDAY}
# Values in no order of their own: those that most have come first.
_UNORDERED: Final = frozenset(
    {Dimension.WORDS, Dimension.CODE, Dimension.SPECIALITY, Dimension.STATUS}
)
_RANKED: Final = frozenset({FigureMeasure.PATIENTS, FigureMeasure.EVENTS})
#: Measures whose numbers are drawn and written in per cent.
SHARES: Final = frozenset({FigureMeasure.SHARE, FigureMeasure.PROPORTION})
_REST: Final = frozenset({"others", "none"})
_WEEK: Final = frozenset({Dimension.WEEKDAY, Dimension.HOUR})
_BY_NAME: Final = frozenset({Dimension.WEEKDAY, Dimension.STATUS})
_SEXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Sex.FEMALE: Sentence("Female"),
        Sex.MALE: Sentence("Male"),
        Sex.OTHER: Sentence("Other"),
        Sex.UNKNOWN: Sentence("Unknown"),
    }
)
_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "monday": Sentence("Monday"),
        "tuesday": Sentence("Tuesday"),
        "wednesday": Sentence("Wednesday"),
        "thursday": Sentence("Thursday"),
        "friday": Sentence("Friday"),
        "saturday": Sentence("Saturday"),
        "sunday": Sentence("Sunday"),
        "scheduled": Sentence("Scheduled"),
        "checked-in": Sentence("Checked in"),
        "completed": Sentence("Completed"),
        "cancelled": Sentence("Cancelled"),
        "no-show": Sentence("No-show"),
        "others": Sentence("Others"),
        "none": Sentence("None"),
    }
)


#: What a distribution is of, as the heading of a chart.
QUANTITIES: Final[Mapping[Quantity, Sentence]] = MappingProxyType(
    {
        Quantity.AGE: Sentence("Age at the event, in years"),
        Quantity.VALUE: Sentence("Value of the vital sign"),
        Quantity.WAITING: Sentence("Waiting time, in minutes"),
        Quantity.BOOKED_AHEAD: Sentence("Days from booking to visit"),
    }
)


def name_of(dimension: Dimension, value: str) -> str | None:
    """Return our own name for a value, for translation; None for typed text."""
    if dimension in _BY_NAME or value in {"others", "none"}:
        return _NAMES.get(value.lower())
    return _SEXES.get(value)


def document_type_of(figure: Figure, dimension: Dimension, value: str) -> str | None:
    """Return the name of a type of documents, for translation; None for all else."""
    if figure.event.kind is not EventKind.DOCUMENT or dimension is not Dimension.WORDS:
        return None
    return type_label(value)


def type_label(value: str) -> str | None:
    """Return the name of a type of documents, for translation; None without one."""
    return TYPE_LABELS[DocumentType(value)] if value in TYPE_LABELS else None


def month_of(dimension: Dimension, value: str) -> date | None:
    """Return the first day of the month that a value is; None for any other value."""
    if dimension is not Dimension.MONTH:
        return None
    try:
        return date.fromisoformat(f"{value}-01")
    except ValueError:
        return None


def order_of(by: tuple[Dimension, ...]) -> tuple[int, ...]:
    """Return the indexes of the fields: the one along the chart, then that beside it.

    Times go along it, before the days of the week and everything else.
    """
    return tuple(
        sorted(
            range(len(by)),
            key=lambda place: (by[place] not in TIMES) + (by[place] not in ORDERED),
        )
    )


def ranked(result: FigureResult) -> FigureResult:
    """Return the figure with the largest disclosed numbers first, and the rest last.

    Only a figure of numbers by one thing whose values have no order of their own
    changes.
    """
    figure = result.figure
    if figure.measure not in _RANKED or not _UNORDERED.issuperset(figure.by):
        return result
    if len(figure.by) > 1:
        return result
    cells = sorted(
        result.cells, key=lambda cell: (cell.values[0] in _REST, -(cell.number or 0))
    )
    return replace(result, cells=tuple(cells))


def chart_of(result: FigureResult) -> Chart:
    """Return how a figure is drawn: as requested, where that is possible."""
    by, chart = result.figure.by, result.figure.chart
    along, *beside = order_of(by)
    if chart in {Chart.HEAT_MAP, Chart.TABLE, Chart.AUTOMATIC}:
        colours = _count(result, beside[0]) if beside else 0
        if beside and (
            chart in {Chart.HEAT_MAP, Chart.TABLE}
            or set(by) == _WEEK
            or colours > MOST_COLOURS
        ):
            return Chart.HEAT_MAP
    is_timed = by[along] in ORDERED and _count(result, along) > 1
    if chart is Chart.BARS or not is_timed:
        return Chart.BARS
    return Chart.LINE


def parts_of(figure: Figure) -> tuple[Sentence, Sentence]:
    """Return the headings of the two numbers of a share: the whole, and its part."""
    if figure.numerator is None:
        return Sentence("Entered"), Sentence("Remain")
    # The days and ages, which are in the sentence of the figure, would fill the column.
    whole = replace(figure.event, from_age=None, to_age=None, since=None, until=None)
    return (
        Sentence("Events: {events}", events=describe_events(whole)),
        Sentence("Of these: {events}", events=describe_events(figure.numerator)),
    )


def nothing_disclosed(least: int) -> Sentence:
    """Return the text in place of a figure of which no number is disclosed."""
    return Sentence(
        "Every group here has fewer than {least} patients, or would reveal one that "
        "has, or something that nearly all of them share; or no such event has a date. "
        "Split by fewer things, or include more patients.",
        least=least,
    )


def explain_boxes(least: int) -> Sentence:
    """Return how to read the numbers of a distribution."""
    return Sentence(
        "Each patient counts once in a group, with the mean of their values. The box "
        "is the middle half, the line in it the median, the dot the mean, and the "
        "whisker goes to the 90th percentile. A percentile is the mean of the "
        "{least} patients nearest to it, and is shown where {least} are on either "
        "side; nothing is shown of a group in which all but fewer than {least} have "
        "the same.",
        least=least,
    )


def _count(result: FigureResult, place: int) -> int:
    return len({cell.values[place] for cell in result.cells})
