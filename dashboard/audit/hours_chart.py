"""How much is written to the audit log, hour by hour."""

from collections.abc import Sequence
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.context import in_zone
from dashboard.ui.chart_tools import chart_box
from dashboard.ui.chart_tools.vega_lite import (
    Spec,
    mark,
    nominal,
    of_rows,
    quantitative,
)
from dashboard.ui.clock import time_of_day
from dashboard.ui.language import day_and_month, decimal, gettext as _
from dashboard.ui.language.chart_locale import in_language
from services.audit.log import HourCount

_HEIGHT: Final = 110
_EVERY: Final = 3


def show_hours(hours: Sequence[HourCount]) -> None:
    """Draw the entries of each hour as bars from zero on, with the maximum as text."""
    most = max(hours, key=lambda hour: hour.entries)
    total = sum(hour.entries for hour in hours)
    if not total:
        st.caption(_("No entries match in these 24 hours."))
        return
    st.caption(
        _("Entries by hour: {total} in 24 hours, most at {time} ({most})").format(
            total=decimal(total),
            time=time_of_day(in_zone(most.begins_at)),
            most=decimal(most.entries),
        )
    )
    hour_title, entries_title = _("Hour"), _("Entries")
    frame = pd.DataFrame(
        [{hour_title: _hour(hour), entries_title: hour.entries} for hour in hours]
    )
    named = [
        label for place, label in enumerate(frame[hour_title]) if place % _EVERY == 0
    ]
    named_only = {"values": named, "labelAngle": 0, "ticks": False}
    few_lines = {"tickMinStep": 1, "tickCount": 3}
    bars: Spec = {
        "mark": mark("bar"),
        "encoding": {
            "x": nominal(hour_title, sort=None, title=None, axis=named_only),
            "y": quantitative(entries_title, title=None, axis=few_lines),
            "tooltip": [nominal(hour_title), quantitative(entries_title)],
        },
    }
    with chart_box(_("Audit entries by hour"), lambda: frame, key="audit_hours"):
        st.vega_lite_chart(
            in_language(of_rows(frame, bars)),
            height=_HEIGHT,
            alt=_("Entries by hour: {total} in 24 hours, most {most} at once").format(
                total=decimal(total), most=decimal(most.entries)
            ),
        )


def _hour(hour: HourCount) -> str:
    local = in_zone(hour.begins_at)
    return f"{day_and_month(local)}, {time_of_day(local)}"
