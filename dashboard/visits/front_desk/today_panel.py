"""The clinic's day at a glance: by hour, who waits and for how long, who comes next."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.context import current_actor, now, read
from dashboard.navigation import go, open_patient
from dashboard.ui.chart_tools import chart_box
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.figures import Figure
from dashboard.ui.record_table import Cell, Column, Row, payload_of, record_table
from dashboard.visits.front_desk import day_queue, desk_words
from services.visits.figures.days import VisitDay, count_days
from services.visits.front_desk.appointments import VisitRecord, VisitStatus

WEEK: Final = 7
_DAYS: Final = 2 * WEEK
_SECONDS: Final = 60.0
_NEXT: Final = 6
_HEIGHT: Final = 260
# In this order, which gives each its colour.
STATES: Final = {
    VisitStatus.COMPLETED: "Seen",
    VisitStatus.CHECKED_IN: "Waiting",
    VisitStatus.SCHEDULED: "Expected",
    VisitStatus.NO_SHOW: "Did not come",
    VisitStatus.IN_ROOM: "In the room",
}
_COLUMNS: Final = (Column("Patient"), Column("Time", is_whole=True), Column("State"))
_DESK: Final = "visits/desk.py"


def visit_days(*, is_own: bool = False) -> tuple[VisitDay, ...]:
    """Return the last two weeks and today, by day; of oneself alone if asked for."""
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
    weekday = f"last {before.day:%A}"
    past = [day for day in days if day.day <= today.day]
    late = sum(visit.starts_at < now() for visit in queue.expected)
    longest = (
        desk_words.lasting(desk_words.waited_minutes(queue.waiting[0]))
        if queue.waiting
        else "–"
    )
    return [
        Figure(
            "Visits today",
            f"{today.booked:,}",
            "Booked for today, without those that were cancelled.",
            today.booked - before.booked,
            f"than {weekday}",
            [(_day(day), day.booked) for day in past],
            page=_DESK,
            link="Front desk",
        ),
        Figure(
            "Waiting",
            f"{len(queue.waiting):,}",
            "Checked in and not seen yet; below, whose turn came when.",
            trend=[
                (desk_words.who(visit), desk_words.waited_minutes(visit))
                for visit in reversed(queue.waiting[:12])
            ],
            unit=" min",
            is_course=False,
            page=_DESK,
            link=f"Longest wait: {longest}",
        ),
        Figure(
            "Seen",
            f"{today.seen:,}",
            "Visits of today that are completed; by now, others had begun.",
            today.so_far - before.so_far,
            f"than {weekday} by now",
            [(_day(day), day.seen) for day in past],
            page=_DESK,
            link=f"Late: {late}",
        ),
        Figure(
            "No-shows, 7 days",
            f"{_missed(past[-WEEK:]):,}",
            "Patients who did not come in the last seven days.",
            _missed(past[-WEEK:]) - _missed(past[-2 * WEEK : -WEEK]),
            "than in the 7 days before",
            [(_day(day), day.missed) for day in past],
            page="visits/doctors.py",
            link="Doctors",
        ),
    ]


@st.fragment(run_every="60s")
def show_today() -> None:
    """Show today by hour, who waits for how long, and who comes next."""
    with error_boundary():
        queue = day_queue.today()
        if queue.is_empty:
            if empty_state(
                "Nobody has a visit today.",
                icon="event_available",
                action="Book a visit",
                key="home_book",
            ):
                go("visits/book.py")
            return
        day_queue.offer_rest(queue, key="home_rest")
        chart, people = st.columns((2, 3))
        with chart:
            st.subheader("Today by hour", anchor=False)
            show_hours(queue.visits)
        with people:
            st.subheader("Waiting and next", anchor=False)
            _show_people((*queue.waiting, *queue.expected)[:_NEXT])
            if st.button("Front desk", key="home_desk", icon=":material/badge:"):
                go(_DESK)


def show_hours(visits: Sequence[VisitRecord]) -> None:
    """Show visits as bars by hour, in the colours of what became of them."""
    counted = Counter(
        (int(desk_words.hour(visit.starts_at)[:2]), STATES[visit.status])
        for visit in visits
        if visit.status in STATES
    )
    frame = pd.DataFrame(
        [
            {"Hour": f"{hour:02}:00", "State": state, "Visits": counted[hour, state]}
            for hour in _hours(visits)
            for state in STATES.values()
        ]
    )
    order = list(STATES.values())
    chart = (
        alt.Chart(frame, height=_HEIGHT)
        .mark_bar(aria=False)
        .encode(
            x=alt.X("Hour:N", title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("Visits:Q", title=None, axis=alt.Axis(format="d", tickMinStep=1)),
            color=alt.Color(
                "State:N",
                sort=order,
                scale=alt.Scale(domain=order),
                title=None,
                legend=alt.Legend(orient="bottom", columns=5),
            ),
            order=alt.Order("order:Q"),
            tooltip=["Hour", "State", "Visits"],
        )
        .transform_calculate(order=f"indexof({order!r}, datum.State)")
    )
    sums = frame.groupby("State")["Visits"].sum()
    said = ", ".join(f"{state.lower()} {sums[state]:,}" for state in order)
    layers = alt.LayerChart(layer=[chart])
    table = frame.pivot_table(
        index="Hour", columns="State", values="Visits", sort=False
    )
    with chart_box("Visits of today by hour", table.reset_index(), key="home_hours"):
        st.altair_chart(layers, alt=f"Visits of today by hour. In all: {said}.")


def _show_people(visits: Sequence[VisitRecord]) -> None:
    rows = [
        Row(
            str(visit.id),
            (
                Cell(desk_words.who(visit)),
                Cell(desk_words.hour(visit.starts_at)),
                desk_words.state(visit, now()),
            ),
            url=f"patient?patient={visit.patient_id}" if visit.patient_name else "",
        )
        for visit in visits
    ]
    if not rows:
        empty_state("Nobody waits, and nobody is to come.", icon="done_all")
        return
    event = record_table(
        payload_of(_COLUMNS, rows, name="Waiting and next"), key="home_next"
    )
    for visit in visits:
        if str(visit.id) == event.opened:
            open_patient(visit.patient_id)


def _hours(visits: Sequence[VisitRecord]) -> range:
    hours = [int(desk_words.hour(visit.starts_at)[:2]) for visit in visits]
    return range(min(hours), max(hours) + 1)


def _missed(days: Sequence[VisitDay]) -> int:
    return sum(day.missed for day in days)


def _day(day: VisitDay) -> str:
    return f"{day.day:%a} {day.day.day} {day.day:%b}"
