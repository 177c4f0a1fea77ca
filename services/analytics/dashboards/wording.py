"""A dashboard's filter described in words."""

from collections.abc import Callable
from datetime import date

from services.analytics.cohorts.wording import sexes_phrase
from services.analytics.dashboards.age_bands import AGE_BANDS
from services.analytics.dashboards.model import DashboardFilter
from services.analytics.dashboards.narrowing import days_of
from services.core.sentences import Sentence, joined


def describe_filter(
    dashboard_filter: DashboardFilter, today: date, day: Callable[[date], str] = str
) -> str:
    """Return what a filter leaves, for translation; `day` formats a day."""
    since, until = (day(end) if end else "" for end in days_of(dashboard_filter, today))
    parts: list[str] = []
    if since and until:
        parts.append(Sentence("from {since} to {until}", since=since, until=until))
    elif since:
        parts.append(Sentence("since {since}", since=since))
    elif until:
        parts.append(Sentence("until {until}", until=until))
    if dashboard_filter.sexes:
        parts.append(sexes_phrase(dashboard_filter.sexes))
    if dashboard_filter.age_band in AGE_BANDS:
        least, most = AGE_BANDS[dashboard_filter.age_band]
        parts.append(
            Sentence("aged {least} or older", least=least)
            if most is None
            else Sentence("aged {least} to {most}", least=least, most=most)
        )
    return joined(", ", parts) if parts else Sentence("all time, all patients")
