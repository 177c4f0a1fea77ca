"""A clinician's day at a glance: the next patient, their own visits, their week."""

from datetime import timedelta
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.context import now, today
from dashboard.navigation import go
from dashboard.ui.chart_tools import chart_box
from dashboard.ui.chart_tools.counts import bars_of_counts, table_of_counts
from dashboard.ui.chart_tools.vega_lite import nominal, of_rows
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.figures import Figure
from dashboard.ui.language import (
    decimal,
    gettext as _,
    long_date,
    lowered,
    weekday,
    weekday_and_number,
)
from dashboard.ui.language.chart_locale import in_language
from dashboard.ui.words import plain
from dashboard.visits.booking.times import clock
from dashboard.visits.front_desk import day_queue, desk_tables, desk_words
from dashboard.visits.front_desk.today_panel import (
    STATES,
    STATES_LEGEND,
    WEEK,
    visit_days,
)
from services.visits.front_desk.appointments import VisitRecord

_LISTED: Final = 5
_HEIGHT: Final = 200
_DAY: Final = "visits/day.py"


def own_figures() -> list[Figure]:
    """Return the clinician's day and week in numbers."""
    days = visit_days(is_own=True)
    at = next(n for n, day in enumerate(days) if day.day == today())
    now_day, before, until_today = days[at], days[at - WEEK], days[: at + 1]
    seen, earlier = (
        sum(day.seen for day in part)
        for part in (until_today[-WEEK:], until_today[-2 * WEEK : -WEEK])
    )
    return [
        Figure(
            _("Your visits today"),
            decimal(now_day.booked),
            _("Booked with you today, not counting cancelled visits."),
            now_day.booked - before.booked,
            _("vs last {weekday}").format(weekday=weekday(before.day)),
            [(weekday_and_number(day.day), day.booked) for day in until_today],
            page=_DAY,
            link=_("Your day"),
        ),
        Figure(
            _("Seen in 7 days"),
            decimal(seen),
            _("Your visits of the last seven days that were completed."),
            seen - earlier,
            _("vs the 7 days before"),
            [(weekday_and_number(day.day), day.seen) for day in until_today],
            page=_DAY,
            link=_("Your day"),
        ),
    ]


@st.fragment(run_every="60s")
def show_own_day() -> None:
    """Show who is next, the rest of the day, and the week as bars."""
    with error_boundary():
        visits = day_queue.own(today())
        queue = day_queue.sort(visits)
        day, week = st.columns((3, 2))
        with day:
            st.subheader(_("Next patient"), anchor=False)
            coming = (*queue.in_room, *queue.waiting, *queue.expected)
            if coming:
                _show_next(coming[0])
            else:
                empty_state(_("No more patients today."), icon="event_available")
            later = coming[1 : _LISTED + 1]
            if later:
                desk_tables.own_table(later, now(), key="home_own_visits")
        with week:
            st.subheader(_("Your week"), anchor=False)
            _show_week()


def _show_next(visit: VisitRecord) -> None:
    with st.container(border=True):
        st.markdown(f"#### {plain(desk_words.listed_patient_name(visit))}")
        born = visit.date_of_birth
        state = desk_words.state(visit, now())
        st.markdown(
            " · ".join(
                filter(
                    None,
                    (
                        f"{clock(visit.starts_at)}, {lowered(state.text)}",
                        _("born {day}").format(day=long_date(born)) if born else "",
                        plain(visit.note),
                    ),
                )
            )
        )
        if st.button(
            _("Open the visit"),
            key="home_next_patient",
            type="primary",
            icon=":material/stethoscope:",
        ):
            go("consultations/visit.py", visit=str(visit.id))


def _show_week() -> None:
    """Show the week from Monday on: seen, missed, and what is still to come."""
    monday = today() - timedelta(days=today().weekday())
    days = [
        day
        for day in visit_days(is_own=True)
        if monday <= day.day < monday + timedelta(days=WEEK)
    ]
    if not any(day.booked for day in days):
        empty_state(_("No visits with you this week."), icon="event_available")
        return
    done, expected, missed = _("Seen"), _("Expected"), _("Did not come")
    counted = [
        {"Day": weekday_and_number(day.day), "Visits": number, "State": state}
        for day in days
        for state, number in (
            (done, day.seen),
            (expected, day.booked - day.seen - day.missed),
            (missed, day.missed),
        )
    ]
    frame = pd.DataFrame(counted)
    titles = {"Day": _("Day"), "State": _("State"), "Visits": _("Visits")}
    bars = bars_of_counts(
        titles,
        axis={"labelAngle": 0},
        color=nominal(
            "State",
            scale={"domain": [_(state) for state in STATES.values()]},
            title=None,
            legend=STATES_LEGEND | {"values": [done, expected, missed]},
        ),
    )
    booked = sum(day.booked for day in days)
    seen = sum(day.seen for day in days)
    numbers = partial(table_of_counts, frame, titles)
    with chart_box(_("Your visits of this week"), numbers, key="home_week"):
        st.vega_lite_chart(
            in_language(of_rows(frame, {"layer": [bars]})),
            height=_HEIGHT,
            alt=_(
                "Your visits of this week by day: {booked} booked, {seen} of them seen."
            ).format(booked=booked, seen=seen),
        )
