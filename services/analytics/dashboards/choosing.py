"""A filter narrowed to a bar that somebody chose, and a figure likewise."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from services.analytics.cohorts import Dimension
from services.analytics.dashboards.age_bands import AGE_BANDS
from services.analytics.dashboards.model import DashboardFilter, Timespan
from services.analytics.dashboards.narrowing import days_of, narrow_to_members
from services.analytics.figures import Figure
from services.patients.records.model import Sex

_YEAR: Final = 12
#: The dimensions by whose values a filter can be narrowed.
FILTERABLE: Final = frozenset(
    {
        Dimension.SEX,
        Dimension.AGE_BAND,
        Dimension.MONTH,
        Dimension.QUARTER,
        Dimension.YEAR,
    }
)
_MONTHS_OF: Final = {Dimension.MONTH: 1, Dimension.QUARTER: 3, Dimension.YEAR: _YEAR}
# As figures write times: 2026, 2026 Q1, 2026-03.
_TIME: Final = re.compile(r"([0-9]{4})(?: Q([1-4])|-([0-9]{2}))?")


def filter_by(
    dashboard_filter: DashboardFilter, chosen: Mapping[Dimension, str], today: date
) -> DashboardFilter:
    """Return the filter narrowed to values of the dimensions that a figure is split by.

    These are sexes, age bands, and months, quarters and years, of which the filter's
    own months remain. Dimensions that no filter has change nothing.
    """
    for dimension, value in chosen.items():
        if dimension is Dimension.SEX and value in set(Sex):
            dashboard_filter = replace(dashboard_filter, sexes=(Sex(value),))
        elif dimension is Dimension.AGE_BAND and value in AGE_BANDS:
            dashboard_filter = replace(dashboard_filter, age_band=value)
        elif months := _months_of(dimension, value):
            since, until = months
            own_since, own_until = days_of(dashboard_filter, today)
            since = max(since, own_since or since)
            until = min(until, (own_until or until).replace(day=1))
            if since <= until:
                dashboard_filter = replace(
                    dashboard_filter, timespan=Timespan.MONTHS, since=since, until=until
                )
    return dashboard_filter


def is_filterable(dimension: Dimension, value: str) -> bool:
    """Return whether a filter can be narrowed to a value; not to "others" or "none"."""
    everything = DashboardFilter()
    return filter_by(everything, {dimension: value}, date.min) != everything


def narrow_to(figure: Figure, chosen: Mapping[Dimension, str], today: date) -> Figure:
    """Return the figure of those alone whom the bar of these values represents.

    Raises InvalidInput if nothing is left.
    """
    wanted = filter_by(DashboardFilter(), chosen, today)
    return narrow_to_members(figure, wanted, today)


def _months_of(dimension: Dimension, value: str) -> tuple[date, date] | None:
    """Return the first day of the first and of the last month of a period."""
    if dimension not in _MONTHS_OF or not (match := _TIME.fullmatch(value)):
        return None
    year, quarter, month = (int(part or 0) for part in match.groups())
    first = month or (quarter * 3 - 2 if quarter else 1)
    last = first + _MONTHS_OF[dimension] - 1
    if not 1 <= first <= last <= _YEAR:
        return None
    return date(year, first, 1), date(year, last, 1)
