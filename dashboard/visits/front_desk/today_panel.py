"""The clinic's day at a glance: by hour, who waits and for how long, who comes next."""

from collections import Counter
from collections.abc import Sequence
from datetime import time, timedelta
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.context import current_actor, now, read
from dashboard.navigation import go, open_patient
from dashboard.ui.chart_tools import chart_box
from dashboard.ui.chart_tools.counts import bars_of_counts, table_of_counts
from dashboard.ui.chart_tools.vega_lite import Spec, nominal, of_rows, quantitative
from dashboard.ui.clock import in_zone, time_of_day
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.figures import Figure
from dashboard.ui.language import (
    day_heading,
    decimal,
    gettext as _,
    lowered,
    marked,
    weekday,
)
from dashboard.ui.language.chart_locale import in_language
from dashboard.ui.measures import lasting
from dashboard.ui.record_table import Cell, Column, Row, record_table
from dashboard.visits.booking.times import clock
from dashboard.visits.front_desk import day_queue, desk_words
from services.visits.figures.days import VisitDay, count_days
from services.visits.front_desk.appointments import VisitRecord, VisitStatus

WEEK: Final = 7
_DAYS: Final = 2 * WEEK
_SECONDS: Final = 60.0
_NEXT: Final = 6
_HEIGHT: Final = 320
# Beside the list of who comes next, not even two fit side by side on a tablet, and what
# does not fit is cut off.
STATES_LEGEND: Final[Spec] = {
    "orient": "bottom",
    "columns": {"expr": "width < 300 ? 1 : width < 420 ? 2 : 3"},
}
# The order determines each state's colour.
STATES: Final = {
    VisitStatus.COMPLETED: marked("Seen"),
    VisitStatus.CHECKED_IN: marked("Waiting"),
    VisitStatus.SCHEDULED: marked("Expected"),
    VisitStatus.NO_SHOW: marked("Did not come"),
    VisitStatus.IN_ROOM: marked("In the room"),
}
_COLUMNS: Final = (
    Column(marked("Patient")),
    Column(marked("Time"), is_whole=True),
    Column(marked("State")),
)
_DESK: Final = "visits/desk.py"


def visit_days(*, is_own: bool = False) -> tuple[VisitDay, ...]:
    """Return the last two weeks and today, by day; only one's own on request."""
    actor, at = current_actor(), now()
    return read(
        lambda session: count_days(
            session,
            actor,
            at.date() - timedelta(days=_DAYS),
            at.date() + timedelta(days=WEEK),
            at,
            is_own=is_own,
        ),
        keep=("visit days", actor.id, is_own, at.date()),
        seconds=_SECONDS,
    )


def today_figures() -> list[Figure]:
    """Return the desk's day in numbers, each beside the same weekday a week before."""
    queue, days = day_queue.today(), visit_days()
    before, today = days[_DAYS - WEEK], days[_DAYS]
    last = weekday(before.day)
    until_today = [day for day in days if day.day <= today.day]
    late = sum(visit.starts_at < now() for visit in queue.expected)
    longest = (
        lasting(desk_words.waited_minutes(queue.waiting[0])) if queue.waiting else "–"
    )
    return [
        Figure(
            _("Visits today"),
            decimal(today.booked),
            _("Booked for today, not counting cancelled visits."),
            today.booked - before.booked,
            _("vs last {weekday}").format(weekday=last),
            [(day_heading(day.day), day.booked) for day in until_today],
            page=_DESK,
            link=_("Front desk"),
        ),
        Figure(
            _("Waiting"),
            decimal(len(queue.waiting)),
            _("Checked in and not seen yet; the bars show how long each has waited."),
            trend=[
                (
                    desk_words.listed_patient_name(visit),
                    desk_words.waited_minutes(visit),
                )
                for visit in reversed(queue.waiting[:12])
            ],
            unit=" " + _("min"),
            is_course=False,
            page=_DESK,
            link=_("Longest wait: {time}").format(time=longest),
        ),
        Figure(
            _("Seen"),
            decimal(today.seen),
            _("Visits completed today, compared with last week at this time."),
            today.seen - before.seen_by_now,
            _("vs last {weekday} by now").format(weekday=last),
            [(day_heading(day.day), day.seen) for day in until_today],
            page=_DESK,
            link=_("Late: {count}").format(count=late),
        ),
        Figure(
            _("No-shows, 7 days"),
            decimal(_missed(until_today[-WEEK:])),
            _("Patients who did not come in the last seven days."),
            _missed(until_today[-WEEK:]) - _missed(until_today[-2 * WEEK : -WEEK]),
            _("vs the 7 days before"),
            [(day_heading(day.day), day.missed) for day in until_today],
            page="visits/doctors.py",
            link=_("Doctors"),
        ),
    ]


@st.fragment(run_every="60s")
def show_today() -> None:
    """Show today by hour, who waits for how long, and who comes next."""
    with error_boundary():
        queue = day_queue.today()
        if queue.is_empty:
            if empty_state(
                _("Nobody has a visit today."),
                icon="event_available",
                action=_("Book a visit"),
                key="home_book",
            ):
                go("visits/book.py")
            return
        day_queue.offer_rest(queue, key="home_rest")
        chart, people = st.columns((2, 3))
        with chart:
            st.subheader(_("Today by hour"), anchor=False)
            show_hours(queue.visits)
        with people:
            st.subheader(_("Waiting and next"), anchor=False)
            _show_people((*queue.waiting, *queue.expected)[:_NEXT])
            if st.button(_("Front desk"), key="home_desk", icon=":material/badge:"):
                go(_DESK)


def show_hours(visits: Sequence[VisitRecord]) -> None:
    """Show visits as bars by hour, coloured by their outcome."""
    counted = Counter(
        (in_zone(visit.starts_at).hour, visit.status)
        for visit in visits
        if visit.status in STATES
    )
    frame = pd.DataFrame(
        [
            {
                "Hour": time_of_day(time(hour)),
                "State": _(state),
                "Visits": counted[hour, status],
            }
            for hour in _hours(visits)
            for status, state in STATES.items()
        ]
    )
    order = [_(state) for state in STATES.values()]
    titles = {"Hour": _("Hour"), "State": _("State"), "Visits": _("Visits")}
    place = {"calculate": f"indexof({order!r}, datum.State)", "as": "order"}
    bars = bars_of_counts(
        titles,
        axis={"labelAngle": 0},
        color=nominal(
            "State",
            sort=order,
            scale={"domain": order},
            title=None,
            legend=STATES_LEGEND,
        ),
        order=quantitative("order"),
    )
    sums = frame.groupby("State")["Visits"].sum()
    said = ", ".join(f"{lowered(state)} {decimal(sums[state])}" for state in order)
    numbers = partial(table_of_counts, frame, titles)
    with chart_box(_("Today's visits by hour"), numbers, key="home_hours"):
        st.vega_lite_chart(
            in_language(of_rows(frame, {"layer": [bars | {"transform": [place]}]})),
            height=_HEIGHT,
            alt=_("Today's visits by hour. Total: {counts}.").format(counts=said),
        )


def _show_people(visits: Sequence[VisitRecord]) -> None:
    rows = [
        Row(
            str(visit.id),
            (
                Cell(desk_words.listed_patient_name(visit)),
                Cell(clock(visit.starts_at)),
                desk_words.state(visit, now()),
            ),
            url=f"patient?patient={visit.patient_id}" if visit.patient_name else "",
        )
        for visit in visits
    ]
    if not rows:
        empty_state(_("Nobody is waiting or expected."), icon="done_all")
        return
    event = record_table(_COLUMNS, rows, name=_("Waiting and next"), key="home_next")
    for visit in visits:
        if str(visit.id) == event.opened:
            open_patient(visit.patient_id)


def _hours(visits: Sequence[VisitRecord]) -> range:
    hours = [in_zone(visit.starts_at).hour for visit in visits]
    return range(min(hours), max(hours) + 1)


def _missed(days: Sequence[VisitDay]) -> int:
    return sum(day.missed for day in days)
