"""A figure in words."""

from services.analytics.cohorts.wording import (
    describe_events,
    tell_cohort,
    tell_split,
)
from services.analytics.figures.model import Figure, FigureMeasure
from services.core.sentences import Sentence


def describe(figure: Figure) -> str:
    """Return the figure as a sentence."""
    told = tell_figure(figure)
    return f"{told[:1].upper()}{told[1:]}."


def tell_figure(figure: Figure) -> str:
    """Return the figure as a sentence to be translated, without its capital and end."""
    cohort, by = tell_cohort(figure.cohort), tell_split(figure.by)
    # Of numbers of events, all that are like the one that lets patients in; of patients
    # it is not said, since each has one.
    events = describe_events(figure.of or figure.cohort.entry)
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
        case FigureMeasure.PATIENTS if figure.of:
            return Sentence(
                "{cohort}: patients with {events}, by {by}",
                cohort=cohort,
                events=events,
                by=by,
            )
    return Sentence("{cohort}: patients who remain, by {by}", cohort=cohort, by=by)
