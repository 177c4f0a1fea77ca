"""How visits are booked by day, as charts with a table that says the same."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.ui.chart_tools import chart_box
from dashboard.visits.figures.figure_tables import days_table
from services.visits.figures.statistics import BookingStatistics, Figures

_HEIGHT: Final = 340
_AXIS: Final = alt.Axis(labelOverlap="greedy", labelAngle=0)
# What is free is no warning: it recedes, and what went wrong stands out.
_GREY: Final = "#9AA7B0"
_COLOURS: Final = {
    "Booked": "#0E7A86",
    "Free": _GREY,
    "Confirmed": "#0E7A86",
    "Expired": "#C77700",
    "Released": _GREY,
    "Conflicts": "#C2382E",
}
_LEGEND: Final = alt.Legend(orient="bottom", columns=2)

Parts = Callable[[Figures], Mapping[str, int]]


def booking_charts(statistics: BookingStatistics) -> None:
    """Show what became of slots and of holds, day by day."""
    days = statistics.days()
    slots, attempts = st.columns(2)
    with slots:
        _stacked("Slots", "slots booked and free", days, _slots)
    with attempts:
        _stacked("Attempts", "what became of attempts to book", days, _attempts)
    with st.expander("The same by day, as a table", icon=":material/table:"):
        days_table(days, key="statistics_days")


def _slots(figures: Figures) -> Mapping[str, int]:
    return {"Booked": figures.booked, "Free": figures.slots - figures.booked}


def _attempts(figures: Figures) -> Mapping[str, int]:
    return {
        "Confirmed": figures.confirmed,
        "Expired": figures.expired,
        "Released": figures.released,
        "Conflicts": figures.conflicts,
    }


def _stacked(
    title: str,
    about: str,
    days: Sequence[tuple[date, Figures]],
    parts: Parts,
) -> None:
    st.subheader(title, anchor=False)
    counted = [
        {"Day": f"{day:%a} {day.day} {day:%b}", "What": what, title: count}
        for day, figures in days
        for what, count in parts(figures).items()
    ]
    frame = pd.DataFrame(counted)
    names = list(parts(Figures()))
    chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("Day:N", sort=None, title=None, axis=_AXIS),
            y=alt.Y(f"{title}:Q", title=None, axis=alt.Axis(format="d", tickMinStep=1)),
            color=alt.Color(
                "What:N",
                sort=None,
                title=None,
                legend=_LEGEND,
                scale=alt.Scale(domain=names, range=[_COLOURS[n] for n in names]),
            ),
            tooltip=["Day", "What", title],
        )
    )
    sums = frame.groupby("What", sort=False)[title].sum()
    sums_text = ", ".join(
        f"{str(what).lower()} {count:,}" for what, count in sums.items()
    )
    table = frame.pivot_table(index="Day", columns="What", values=title, sort=False)
    with chart_box(
        f"{title} by day", table.reset_index(), key=f"statistics_{title.lower()}"
    ):
        st.altair_chart(
            chart, height=_HEIGHT, alt=f"By day, {about}. In all: {sums_text}."
        )
