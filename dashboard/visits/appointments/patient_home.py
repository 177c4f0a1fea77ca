"""A patient's first page: the next visit, what to bring, the past year."""

from collections import Counter
from datetime import date
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.context import in_zone, today
from dashboard.navigation import go
from dashboard.ui.chart_tools import bare_box
from dashboard.ui.chart_tools.counts import bars_of_counts
from dashboard.ui.chart_tools.vega_lite import of_rows
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, ngettext, short_month
from dashboard.ui.language.chart_locale import in_language
from dashboard.ui.words import plain
from dashboard.visits.appointments.patient_visits import show_state, upcoming, visits_of
from dashboard.visits.appointments.visit_addresses import calendar_url, ticket_url
from dashboard.visits.booking.times import when
from services.patients.records.model import PatientRecord
from services.visits.front_desk.appointments import VisitRecord, VisitStatus, formatted

_MONTHS: Final = 12
_HEIGHT: Final = 180
_CAME: Final = (
    VisitStatus.COMPLETED,
    VisitStatus.IN_ROOM,
    VisitStatus.CHECKED_IN,
)


@st.fragment
def show_patient_home(patient: PatientRecord) -> None:
    """Show the next visit, what to bring to it, and the visits of a year."""
    with error_boundary():
        visits = visits_of(patient.id)
        ahead = upcoming(visits)
        following, year = st.columns(2)
        with following:
            st.subheader(_("Next visit"), anchor=False)
            if ahead:
                _show_next(ahead[0], patient)
            elif empty_state(
                _("No visit is booked."),
                icon="event",
                action=_("Book a visit") if patient.is_bookable else "",
                key="patient_home_book",
            ):
                go("visits/book.py")
        with year:
            st.subheader(_("Your visits in 12 months"), anchor=False)
            _show_year([visit for visit in visits if visit.status in _CAME])


def _show_next(visit: VisitRecord, patient: PatientRecord) -> None:
    at = in_zone(visit.starts_at)
    place = _(", room {room}").format(room=plain(visit.room)) if visit.room else ""
    with st.container(border=True):
        st.markdown(f"#### {when(visit.starts_at)}")
        st.markdown(
            _("{distance} with {doctor}{place} · code {code}").format(
                distance=_distance(at.date()),
                doctor=plain(visit.doctor_name),
                place=place,
                code=formatted(visit.code),
            )
        )
        if visit.status is not VisitStatus.SCHEDULED:
            show_state(visit)
        things = "; ".join(_to_bring(patient))
        st.markdown(_("**Please bring** {things}.").format(things=things))
        with st.container(horizontal=True):
            st.link_button(_("Ticket"), ticket_url(visit.id), icon=":material/qr_code:")
            st.link_button(
                _("Add to calendar"), calendar_url(visit.id), icon=":material/event:"
            )


def _to_bring(patient: PatientRecord) -> tuple[str, ...]:
    """Return what to bring; for patients who take medicines, also those."""
    things = (
        _("your insurance card"),
        _("the code of your visit, on paper or on your phone"),
        _("reports and letters from other doctors since your last visit"),
    )
    if not patient.current_medications:
        return things
    return (*things, _("the boxes of the medicines that you take"))


def _show_year(visits: list[VisitRecord]) -> None:
    months = _last_months(today())
    counted = Counter(
        (in_zone(visit.starts_at).year, in_zone(visit.starts_at).month)
        for visit in visits
    )
    frame = pd.DataFrame(
        {
            "Month": [short_month(date(year, month, 1)) for year, month in months],
            "Visits": [counted[month] for month in months],
        }
    )
    total = int(frame["Visits"].sum())
    if not total:
        st.caption(_("You had no visits in the last twelve months."))
        return
    bars = bars_of_counts(
        {"Month": _("Month"), "Visits": _("Visits")},
        axis={"labelAngle": 0, "labelOverlap": "greedy"},
    )
    with bare_box("home_visits"):
        st.vega_lite_chart(
            in_language(of_rows(frame, {"layer": [bars]})),
            height=_HEIGHT,
            alt=_("Your visits by month: {total} in the last twelve months.").format(
                total=total
            ),
        )


def _last_months(day: date) -> list[tuple[int, int]]:
    number = day.year * 12 + day.month - 1
    return [(n // 12, n % 12 + 1) for n in range(number - _MONTHS + 1, number + 1)]


def _distance(day: date) -> str:
    days = (day - today()).days
    if days <= 0:
        return _("Today")
    if days == 1:
        return _("Tomorrow")
    return ngettext("In {days} day", "In {days} days", days).format(days=days)
