"""Dashboards that come with the app: all analysts open them, and copy to change them.

They show what events and figures can express. Today by itself is not among it: a day
has few visits, and tomorrow's question would be another one.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
    Rule,
)
from services.analytics.dashboards.model import (
    Card,
    DashboardDraft,
    DashboardFilter,
    Timespan,
)
from services.analytics.figures import Figure, FigureMeasure
from services.core.sentences import Sentence


def _with(kind: EventKind) -> Cohort:
    return Cohort(entry=CohortEvent(kind=kind))


def _events(kind: EventKind, *by: Dimension) -> Figure:
    return Figure(cohort=_with(kind), by=by, measure=FigureMeasure.EVENTS)


def _patients(kind: EventKind, *by: Dimension) -> Figure:
    """Return the figure of patients who had such an event, each by their first one."""
    return Figure(cohort=_with(kind), by=by)


def _card(title: Sentence, figure: Figure, *, is_wide: bool = False) -> Card:
    # The same at every start, since what is drawn has it in its key.
    card_id = uuid5(NAMESPACE_URL, f"chartroom:card:{title}")
    return Card(id=card_id, title=title, figure=figure, is_wide=is_wide)


_VISITS_AND_MISSED: Final = Figure(
    cohort=Cohort(
        entry=CohortEvent(kind=EventKind.VISIT),
        steps=((Rule(event=CohortEvent(kind=EventKind.NO_SHOW)),),),
    ),
    by=(Dimension.AGE_BAND, Dimension.SEX),
    measure=FigureMeasure.SHARE,
)

# Of the visits that were due: one cancelled before could not be missed.
_NO_SHOW_RATE: Final = Figure(
    cohort=_with(EventKind.KEPT_OR_MISSED),
    by=(Dimension.MONTH,),
    measure=FigureMeasure.PROPORTION,
    numerator=CohortEvent(kind=EventKind.NO_SHOW),
)

#: Keyed by the name in the address.
BUILT_IN: Final[Mapping[str, DashboardDraft]] = MappingProxyType(
    {
        "clinic": DashboardDraft(
            name=Sentence("The clinic today"),
            description=Sentence(
                "The last three complete months: when people come, and who they are."
            ),
            filter=DashboardFilter(timespan=Timespan.LAST_THREE_MONTHS),
            cards=(
                _card(
                    Sentence("Visits by weekday and hour"),
                    _events(EventKind.VISIT, Dimension.WEEKDAY, Dimension.HOUR),
                    is_wide=True,
                ),
                _card(
                    Sentence("Visits by age and sex"),
                    _events(EventKind.VISIT, Dimension.AGE_BAND, Dimension.SEX),
                    is_wide=True,
                ),
            ),
        ),
        "visits": DashboardDraft(
            name=Sentence("Visits and no-shows"),
            description=Sentence(
                "A year of visits, of those that were missed, and of those that were "
                "cancelled."
            ),
            filter=DashboardFilter(timespan=Timespan.LAST_TWELVE_MONTHS),
            cards=(
                _card(
                    Sentence("Visits by month"),
                    _events(EventKind.VISIT, Dimension.MONTH),
                    is_wide=True,
                ),
                # Beside each other: a rate and its number tell different things.
                _card(Sentence("No-show rate by month"), _NO_SHOW_RATE),
                _card(
                    Sentence("No-shows by month"),
                    _events(EventKind.NO_SHOW, Dimension.MONTH),
                ),
                _card(
                    Sentence("Cancelled visits by month"),
                    _events(EventKind.CANCELLATION, Dimension.MONTH),
                    is_wide=True,
                ),
            ),
        ),
        "patients": DashboardDraft(
            name=Sentence("Who our patients are"),
            description=Sentence(
                "Patients who have been here, and what is known about their health."
            ),
            cards=(
                _card(
                    Sentence("Patients by age at their first visit, and sex"),
                    _patients(EventKind.VISIT, Dimension.AGE_BAND, Dimension.SEX),
                    is_wide=True,
                ),
                _card(
                    Sentence("Who came and has also missed a visit, by age and sex"),
                    _VISITS_AND_MISSED,
                    is_wide=True,
                ),
                _card(
                    Sentence("Recorded diagnoses"),
                    _events(EventKind.DIAGNOSIS, Dimension.WORDS),
                ),
                _card(
                    Sentence("Recorded allergies"),
                    _events(EventKind.ALLERGY, Dimension.WORDS),
                ),
            ),
        ),
        "papers": DashboardDraft(
            name=Sentence("Documents and prescriptions"),
            description=Sentence(
                "A year of documents: how many were filed and issued, and of which "
                "kind."
            ),
            filter=DashboardFilter(timespan=Timespan.LAST_TWELVE_MONTHS),
            cards=(
                _card(
                    Sentence("Documents by month"),
                    _events(EventKind.DOCUMENT, Dimension.MONTH),
                ),
                _card(
                    Sentence("Documents by type"),
                    _events(EventKind.DOCUMENT, Dimension.WORDS),
                ),
                _card(
                    Sentence("Prescribed drugs by month"),
                    _events(EventKind.PRESCRIPTION, Dimension.MONTH),
                ),
                _card(
                    Sentence("Prescribed drugs"),
                    _events(EventKind.PRESCRIPTION, Dimension.WORDS),
                ),
            ),
        ),
    }
)
