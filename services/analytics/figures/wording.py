"""A figure described in words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.analytics.cohorts import CohortEvent
from services.analytics.cohorts.wording import (
    cohort_phrase,
    describe_events,
    split_phrase,
)
from services.analytics.figures.model import Figure, FigureMeasure, Quantity
from services.core.sentences import Sentence

QUANTITIES: Final[Mapping[Quantity, Sentence]] = MappingProxyType(
    {
        Quantity.AGE: Sentence("age"),
        Quantity.VALUE: Sentence("value"),
        Quantity.WAITING: Sentence("waiting time"),
        Quantity.BOOKED_AHEAD: Sentence("days booked ahead"),
    }
)


def describe(figure: Figure) -> str:
    """Return the figure as a sentence."""
    sentence = figure_phrase(figure)
    return f"{sentence[:1].upper()}{sentence[1:]}."


def figure_phrase(figure: Figure) -> str:
    """Return the figure as a sentence to translate, without capital and full stop."""
    cohort = cohort_phrase(figure.cohort)
    by = split_phrase(figure.by, figure.event.kind)
    # For patients this is left out, since each has one.
    events = _counted_events(figure)
    match figure.measure:
        case FigureMeasure.SHARE:
            return Sentence("{cohort}: share who remain, by {by}", cohort=cohort, by=by)
        case FigureMeasure.EVENTS:
            return Sentence(
                "{cohort}: number of {events}, by {by}",
                cohort=cohort,
                events=events,
                by=by,
            )
        case FigureMeasure.PROPORTION if figure.numerator:
            return Sentence(
                "{cohort}: proportion of {events} that are {numerator}, by {by}",
                cohort=cohort,
                events=events,
                numerator=describe_events(figure.numerator),
                by=by,
            )
        case FigureMeasure.DISTRIBUTION if figure.quantity:
            return Sentence(
                "{cohort}: {quantity} at {events}, by {by}",
                cohort=cohort,
                quantity=QUANTITIES[figure.quantity],
                events=(
                    events if figure.of else Sentence("the first event of each patient")
                ),
                by=by,
            )
        case FigureMeasure.PATIENTS if figure.of:
            return Sentence(
                "{cohort}: patients with {events}, by {by}",
                cohort=cohort,
                events=events,
                by=by,
            )
    return Sentence("{cohort}: patients who remain, by {by}", cohort=cohort, by=by)


def _counted_events(figure: Figure) -> str:
    """Return the events that a figure counts, all those like the entry event or others.

    What has just been said of the entry event, such as its days, is not said again.
    """
    event, alone = figure.event, CohortEvent(kind=figure.event.kind)
    if figure.of or event == alone:
        return describe_events(event)
    return Sentence("such {events}", events=describe_events(alone))
