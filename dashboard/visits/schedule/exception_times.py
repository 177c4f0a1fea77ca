"""From when until when a typed exception to the weekly plan lasts."""

from datetime import date, datetime, time, timedelta

from dashboard.ui.clock import midnight
from dashboard.ui.fields import TypedValue
from dashboard.ui.fields.days import on_clinic_clock


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
        return midnight(first_day), midnight(last_day + timedelta(days=1))
    return on_clinic_clock(first_day, first), on_clinic_clock(last_day, last)
