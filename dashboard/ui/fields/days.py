"""Fields for days and times that send whatever is typed, to be refused in a sentence.

Streamlit takes ten years before and after today unless it is given bounds. What lies
beyond them its field keeps to itself: the button beside it then does what it is there
for with the day of before, and why stands behind a sign, in English.
"""

from datetime import date, datetime, time
from typing import Any, Final

import streamlit as st

from dashboard.ui.fields.typed_values import TypedValue, begin_with
from dashboard.ui.language import day_format, marked

# From here on, so that nothing is sent while the first digits of a year are typed; and
# up to here: the calendar below the field counts its years one by one until one is
# later, which it never is where 9999 is among them, and the tab hangs for good.
_EARLIEST: Final = date(1000, 1, 1)
_LATEST: Final = date(9998, 12, 31)
_NO_DAY: Final = marked("{label} is empty. Choose a day.")
_NO_TIME: Final = marked("{label} is empty. Type a time.")
_NEITHER: Final = marked("{label} is empty. Choose a day and a time.")


def day_field(
    label: str, value: date | None = None, *, key: str, **options: Any
) -> date | None:
    """Ask for a day, written as the language does; return it, or None without one.

    `value` stands there first, unless something stands in the session.
    """
    begin_with(value, key)
    return st.date_input(
        label,
        None,
        min_value=_EARLIEST,
        max_value=_LATEST,
        format=day_format(),
        key=key,
        **options,
    )


def needed_day_field(
    label: str, value: date | None = None, *, field: str, key: str, **options: Any
) -> TypedValue[date]:
    """Ask for a day that there has to be."""
    typed = day_field(label, value, key=key, **options)
    return TypedValue(label, field, typed, _NO_DAY)


def needed_time_field(
    label: str, value: time | None = None, *, field: str, key: str, **options: Any
) -> TypedValue[time]:
    """Ask for a time of the day that there has to be."""
    begin_with(value, key)
    typed = st.time_input(label, None, key=key, **options)
    return TypedValue(label, field, typed, _NO_TIME)


def needed_day_and_time_field(
    label: str, value: datetime, *, field: str, key: str
) -> TypedValue[datetime]:
    """Ask for a day and a time that there have to be."""
    begin_with(value, key)
    return TypedValue(label, field, st.datetime_input(label, None, key=key), _NEITHER)
