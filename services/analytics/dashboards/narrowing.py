"""One filter for all cards: each is narrowed by it in its own way."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Final

from services.analytics.cohorts import CohortEvent
from services.analytics.dashboards.age_bands import AGE_BANDS
from services.analytics.dashboards.model import (
    Card,
    DashboardFilter,
    Timespan,
)
from services.analytics.figures import Figure
from services.core.errors import InvalidInput
from services.patients.records.model import Sex

_YEAR: Final = 12
_LAST_MONTHS: Final = {
    Timespan.LAST_MONTH: 1,
    Timespan.LAST_THREE_MONTHS: 3,
    Timespan.LAST_TWELVE_MONTHS: _YEAR,
}


def narrow_card(card: Card, dashboard_filter: DashboardFilter, today: date) -> Figure:
    """Return what a card shows under a filter; raises InvalidInput if it is nothing."""
    return narrow(narrow(card.figure, card.narrowed, today), dashboard_filter, today)


def narrow(figure: Figure, dashboard_filter: DashboardFilter, today: date) -> Figure:
    """Return the figure narrowed to the filter's time, sexes and ages.

    Time and ages are those of the events that are counted: the events in `of`, or the
    first events, by which patients come in. Rules remain unchanged. Raises InvalidInput
    if nothing is left.
    """
    cohort = replace(
        figure.cohort, sexes=_common_sexes(figure.cohort.sexes, dashboard_filter.sexes)
    )
    narrowed = partial(_narrow_event, dashboard_filter=dashboard_filter, today=today)
    if figure.of is not None:
        return replace(figure, cohort=cohort, of=narrowed(figure.of))
    entry = narrowed(cohort.entry)
    if not figure.counts_events:
        # Raises InvalidInput where a first event cannot lie within all bounds.
        narrowed(cohort.first_event)
    elif entry != cohort.entry and (cohort.steps or cohort.entry_bounds):
        # Rules are about the days around the first of all events, counted or not.
        return replace(figure, cohort=cohort, of=entry)
    return replace(figure, cohort=replace(cohort, entry=entry))


def narrow_to_members(
    figure: Figure, dashboard_filter: DashboardFilter, today: date
) -> Figure:
    """Return the figure of those alone whom it shows at these times, sexes and ages.

    Among the events of a period alone, somebody's first may be one that is not their
    first. Raises InvalidInput if nothing is left.
    """
    narrowed = narrow(figure, dashboard_filter, today)
    if narrowed.of is not None or narrowed.counts_events:
        return narrowed
    first = _narrow_event(figure.cohort.first_event, dashboard_filter, today)
    cohort = replace(figure.cohort, sexes=narrowed.cohort.sexes)
    return replace(narrowed, cohort=cohort.within(first))


def days_of(
    dashboard_filter: DashboardFilter, today: date
) -> tuple[date | None, date | None]:
    """Return the first and the last day of a filter's time; None means no limit."""
    this_month = today.replace(day=1)
    match dashboard_filter.timespan:
        case Timespan.MONTHS:
            since, until = dashboard_filter.since, dashboard_filter.until
            return (
                since.replace(day=1) if since else None,
                _months_after(until, 1) - timedelta(1) if until else None,
            )
        case Timespan.THIS_YEAR:
            return today.replace(month=1, day=1), None
        case Timespan.LAST_YEAR:
            last = today.year - 1
            return date(last, 1, 1), date(last, 12, 31)
        case Timespan.ALL:
            return None, None
    months = _LAST_MONTHS[dashboard_filter.timespan]
    return _months_after(this_month, -months), this_month - timedelta(1)


def _narrow_event(
    event: CohortEvent, dashboard_filter: DashboardFilter, today: date
) -> CohortEvent:
    since, until = days_of(dashboard_filter, today)
    return _aged(_within(event, since, until), dashboard_filter.age_band)


def _within(event: CohortEvent, since: date | None, until: date | None) -> CohortEvent:
    first = max((day for day in (event.since, since) if day), default=None)
    last = min((day for day in (event.until, until) if day), default=None)
    if first and last and first > last:
        raise InvalidInput(
            "timespan",
            "This card counts a different period from the filter, so nothing is left.",
        )
    return replace(event, since=first, until=last)


def _aged(event: CohortEvent, band: str) -> CohortEvent:
    if not band:
        return event
    youngest, oldest = AGE_BANDS[band]
    least = max(youngest, event.from_age or 0)
    most = min((age for age in (oldest, event.to_age) if age is not None), default=None)
    if most is not None and least > most:
        raise InvalidInput(
            "age_band",
            "This card counts different ages from the filter, so nobody is left.",
        )
    return replace(event, from_age=least, to_age=most)


def _common_sexes(own: tuple[Sex, ...], wanted: tuple[Sex, ...]) -> tuple[Sex, ...]:
    if not own or not wanted:
        return own or wanted
    common = tuple(sex for sex in own if sex in wanted)
    if not common:
        raise InvalidInput(
            "sexes",
            "This card counts different patients from the filter, so nobody is left.",
        )
    return common


def _months_after(day: date, months: int) -> date:
    """Return the first day of the month that is `months` after the day's own."""
    number = day.year * _YEAR + day.month - 1 + months
    return date(number // _YEAR, number % _YEAR + 1, 1)
