"""Fields for a day that send whatever day is typed, to be refused in a sentence.

Streamlit takes ten years before and after today unless it is given bounds. What lies
beyond them its field keeps to itself: the button beside it then does what it is there
for with the day of before, and why stands behind a sign, in English.
"""

from datetime import date
from typing import Any, Final

import streamlit as st

from dashboard.ui.language import day_format

# From here on, so that nothing is sent while the first digits of a year are typed; and
# up to here: far in the west its evening is the next day's morning in UTC, and what
# lasts for a day from then on ends on the last one that Python knows.
_EARLIEST: Final = date(1000, 1, 1)
_LATEST: Final = date(9999, 12, 29)


def day_field(label: str, value: Any = "today", *, key: str, **options: Any) -> Any:
    """Ask for a day, written as the language does; return it, or None without one.

    `value` is what stands there first, which is the day itself unless there is one in
    the session.
    """
    return st.date_input(
        label,
        value,
        min_value=_EARLIEST,
        max_value=_LATEST,
        format=day_format(),
        key=key,
        **options,
    )
