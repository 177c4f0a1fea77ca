"""Fields for days and times that send whatever is typed, to be refused in a sentence.

Without bounds of its own a Streamlit field takes ten years before and after today. A
day beyond its bounds it does not send: the button beside it then acts on the previous
day, and the reason is behind an icon, in English.
"""

from datetime import UTC, date, datetime, time
from typing import Any, Final

import streamlit as st

from dashboard.ui.clock import time_of_day, zone
from dashboard.ui.fields.typed_values import TypedValue, set_initial_value
from dashboard.ui.language import day_format, marked
from services.core.errors import InvalidInput
from services.core.sentences import Sentence

# While the first digits of a year are typed, they are a year by themselves: with a
# later bound they would be marked as wrong until the fourth. A day is left for
# conversions between zones. Not later, because the calendar below the field counts its
# years one by one until one is later than the last: if that is 9999, none ever is, and
# the tab hangs for good.
_EARLIEST: Final = date(1, 1, 2)
_LATEST: Final = date(9998, 12, 31)
_NO_DAY: Final = marked("{label} is empty. Choose a day.")
_NO_TIME: Final = marked("{label} is empty. Type a time.")
_SKIPPED: Final = marked(
    "{label}: there is no {time} on {day}, because clocks go forward. Type another "
    "time."
)


def day_field(
    label: str, value: date | None = None, *, key: str, **options: Any
) -> date | None:
    """Ask for a day, in the format of the language; return it, or None if empty.

    The field begins with `value`, unless the session has a value already.
    """
    set_initial_value(value, key)
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
    label: str, value: date | None, *, field: str, key: str, **options: Any
) -> TypedValue[date]:
    """Ask for a day that is required."""
    typed = day_field(label, value, key=key, **options)
    return TypedValue(label, field, typed, _NO_DAY)


def needed_time_field(
    label: str, value: time | None = None, *, field: str, key: str, **options: Any
) -> TypedValue[time]:
    """Ask for a time of day that is required."""
    set_initial_value(value, key)
    typed = st.time_input(label, None, key=key, **options)
    return TypedValue(label, field, typed, _NO_TIME)


def on_clinic_clock(day: date, typed: TypedValue[time]) -> datetime:
    """Return the time on the clinic's clock; of one that occurs twice the first.

    Raises InvalidInput for an empty field, and for a time that clocks skip that day.
    """
    timestamp = datetime.combine(day, typed.given(), zone())
    if timestamp.astimezone(UTC).astimezone(zone()).time() != timestamp.time():
        said = time_of_day(timestamp)
        raise InvalidInput(
            typed.field,
            Sentence(_SKIPPED, label=typed.label, time=said, day=timestamp.date()),
        )
    return timestamp
