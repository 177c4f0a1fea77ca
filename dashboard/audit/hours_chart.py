"""How much is written into the audit log, hour by hour."""

from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.context import in_zone
from dashboard.ui.chart_tools import chart_box
from services.audit.log import HourCount

_HEIGHT: Final = 110
_EVERY: Final = 3


def show_hours(hours: Sequence[HourCount]) -> None:
    """Draw the entries of each hour as bars from zero on, and say the most in words."""
    most = max(hours, key=lambda hour: hour.entries)
    total = sum(hour.entries for hour in hours)
    if not total:
        st.caption("No entries match in these 24 hours.")
        return
    st.caption(
        f"Entries by hour: {total:,} in 24 hours, most at "
        f"{in_zone(most.begins_at):%H:%M} ({most.entries:,})"
    )
    frame = pd.DataFrame(
        [
            {
                "Hour": f"{in_zone(hour.begins_at):%d %b, %H:%M}",
                "Entries": hour.entries,
            }
            for hour in hours
        ]
    )
    named = [label for place, label in enumerate(frame["Hour"]) if place % _EVERY == 0]
    bars = (
        alt.Chart(frame, height=_HEIGHT)
        .mark_bar(aria=False)
        .encode(
            x=alt.X(
                "Hour:N",
                sort=None,
                title=None,
                axis=alt.Axis(values=named, labelAngle=0, ticks=False),
            ),
            y=alt.Y("Entries:Q", title=None, axis=alt.Axis(tickMinStep=1, tickCount=3)),
            tooltip=["Hour", "Entries"],
        )
    )
    with chart_box("Audit entries by hour", frame, key="audit_hours"):
        st.altair_chart(
            bars,
            alt=f"Entries by hour: {total:,} in 24 hours, most {most.entries:,} "
            "at once",
        )
