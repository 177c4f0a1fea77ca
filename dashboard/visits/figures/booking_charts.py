"""How visits are booked by day, as charts with a table of the same numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.ui.chart_tools import chart_box
from dashboard.ui.chart_tools.counts import bars_of_counts, table_of_counts
from dashboard.ui.chart_tools.vega_lite import Spec, mark, nominal, of_rows
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import (
    day_heading,
    decimal,
    gettext as _,
    lowered,
    marked,
    pgettext,
)
from dashboard.ui.language.chart_locale import in_language
from dashboard.visits.figures.figure_tables import days_table
from services.visits.figures.statistics import BookingStatistics, Figures

_HEIGHT: Final = 340
_AXIS: Final[Spec] = {"labelOverlap": "greedy", "labelAngle": 0}
# Free slots are no warning: they recede, and problems stand out.
_GREY: Final = "#9AA7B0"
_COLOURS: Final = {
    marked("Booked"): "#0E7A86",
    marked("Free"): _GREY,
    marked("Confirmed"): "#0E7A86",
    marked("Expired"): "#C77700",
    marked("Released"): _GREY,
    marked("Conflicts"): "#C2382E",
}
# For one day or two, bars would be walls: their width in pixels, and for how many days.
_WIDEST: Final = 48
_FEW: Final = 6
_LEGEND: Final[Spec] = {"orient": "bottom", "columns": 2}

Parts = Callable[[Figures], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class _Chart:
    """A chart by day: `about` takes the counts of all days."""

    title: str
    name: str
    about: str
    nothing: str
    icon: str


_SLOTS: Final = _Chart(
    "Slots",
    marked("Slots by day"),
    marked("Slots booked and free by day. Total: {counts}."),
    marked("No slots on these days."),
    "event_busy",
)
_ATTEMPTS: Final = _Chart(
    marked("Attempts"),
    marked("Attempts by day"),
    marked("Booking attempts by day and outcome. Total: {counts}."),
    marked("Nobody tried to book on these days."),
    "event_available",
)


def booking_charts(statistics: BookingStatistics) -> None:
    """Show the outcome of slots and of holds, day by day."""
    days = statistics.days()
    slots, attempts = st.columns(2)
    with slots:
        _stacked(_SLOTS, days, _slots, key="statistics_slots")
    with attempts:
        _stacked(_ATTEMPTS, days, _attempts, key="statistics_attempts")
    with st.expander(_("The same by day, as a table"), icon=":material/table:"):
        days_table(days, key="statistics_days")


def _slots(figures: Figures) -> Mapping[str, int]:
    return {"Booked": figures.booked, "Free": figures.slots - figures.booked}


def _attempts(figures: Figures) -> Mapping[str, int]:
    return {
        marked("Confirmed"): figures.confirmed,
        marked("Expired"): figures.expired,
        marked("Released"): figures.released,
        marked("Conflicts"): figures.conflicts,
    }


def _stacked(
    about: _Chart,
    days: Sequence[tuple[date, Figures]],
    parts: Parts,
    *,
    key: str,
) -> None:
    # The slots of the servers have another name in German.
    title = pgettext("visit", "Slots") if about is _SLOTS else _(about.title)
    st.subheader(title, anchor=False)
    counted = [
        {"Day": day_heading(day), "What": _(what), "Count": count}
        for day, figures in days
        for what, count in parts(figures).items()
    ]
    frame = pd.DataFrame(counted)
    if not frame["Count"].any():
        empty_state(_(about.nothing), icon=about.icon)
        return
    names = list(parts(Figures()))
    width = {"size": _WIDEST} if len(days) <= _FEW else {}
    colours = {
        "domain": [_(name) for name in names],
        "range": [_COLOURS[name] for name in names],
    }
    titles = {"Day": _("Day"), "What": _("What"), "Count": title}
    colour = nominal("What", sort=None, title=None, legend=_LEGEND, scale=colours)
    bars = bars_of_counts(titles, axis=_AXIS, color=colour)
    sums = frame.groupby("What", sort=False)["Count"].sum()
    sums_text = ", ".join(
        f"{lowered(str(what))} {decimal(count)}" for what, count in sums.items()
    )
    numbers = partial(table_of_counts, frame, titles)
    with chart_box(_(about.name), numbers, key=key):
        st.vega_lite_chart(
            in_language(of_rows(frame, bars | {"mark": mark("bar", **width)})),
            height=_HEIGHT,
            alt=_(about.about).format(counts=sums_text),
        )
