"""From when until when a typed exception to the weekly plan lasts."""

from datetime import date, datetime, time, timedelta
from typing import Final

from dashboard.ui.clock import in_zone, midnight
from dashboard.ui.fields import TypedValue
from dashboard.ui.fields.days import on_clinic_clock
from dashboard.ui.language import short_date
from dashboard.ui.words import at
from services.visits.schedule.plans import ExceptionRecord

_DAY: Final = timedelta(days=1)


def exception_times(
    first_day: date,
    first: TypedValue[time],
    last_day: date,
    last: TypedValue[time],
    *,
    is_whole_day: bool,
) -> tuple[datetime, datetime]:
    """Return the begin and the end on the clinic's clock; whole days have no times.

    Raises InvalidInput for an empty time, and for one that clocks skip that day.
    """
    if is_whole_day:
        return midnight(first_day), midnight(last_day + _DAY)
    return on_clinic_clock(first_day, first), on_clinic_clock(last_day, last)


def written_times(exception: ExceptionRecord) -> tuple[str, str]:
    """Return the begin and the end as text; of whole days the first and the last."""
    begins, ends = in_zone(exception.starts_at), in_zone(exception.ends_at)
    if begins.time() == ends.time() == time():
        return short_date(begins), short_date(ends - _DAY)
    return at(begins), at(ends)
