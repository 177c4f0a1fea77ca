"""The vital signs of a patient: the last of each with its trend, and all as charts."""

from collections.abc import Sequence
from typing import Final, Literal

import streamlit as st

from dashboard.consultations.chart.patient_notes import notes_of, offer_earlier_notes
from dashboard.consultations.notes.measurements import (
    TITLES,
    judgement,
    measured_with,
    show_vital,
    vitals_of,
    was_adult,
)
from dashboard.consultations.notes.shown_notes import as_number
from dashboard.context import in_zone
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, pgettext, short_date
from dashboard.ui.own_photo import drawing
from services.consultations.notes import EarlierNotes
from services.patients.records.model import PatientRecord

_WIDTH: Final = 165
_MOST_POINTS: Final = 12
_TREND_WIDTH: Final = 100
_TREND_HEIGHT: Final = 30
_TREND_COLOUR: Final = "#2B8C97"
_ARROWS: Final[dict[str, Literal["up", "down"]]] = {"high": "up", "low": "down"}


def show_last_vitals(patient: PatientRecord) -> None:
    """Show the latest of each vital sign as a card, with a line of earlier values."""
    with st.container(border=True, gap="small"), error_boundary():
        st.subheader(_("Last vital signs"), anchor=False)
        visits = notes_of(patient.id)
        titles = [title for title in TITLES if measured_with(visits, title)]
        if not titles:
            st.caption(_("Nothing was measured at a visit yet."))
            return
        with st.grid(3, min_column_width=_WIDTH):
            for title in titles:
                with st.container(border=True, gap="small", height="stretch"):
                    _metric(patient, title, measured_with(visits, title))


@st.fragment
def show_all_vitals(patient: PatientRecord) -> None:
    """Show each vital sign that was measured, side by side, as chart and table."""
    with error_boundary():
        visits = notes_of(patient.id)
        titles = [title for title in TITLES if measured_with(visits, title)]
        if not titles:
            empty_state(_("Nothing was measured at a visit yet."), icon="monitor_heart")
            return
        for first in range(0, len(titles), 2):
            for place, title in zip(
                st.columns(2, gap="medium"), titles[first : first + 2], strict=False
            ):
                with place, st.container(border=True, gap="small"):
                    st.subheader(_(title), anchor=False)
                    show_vital(title, measured_with(visits, title), patient)
        offer_earlier_notes(patient.id, key="vitals_more")


def _metric(
    patient: PatientRecord, title: str, measured: Sequence[EarlierNotes]
) -> None:
    last = measured[-1]
    vitals = vitals_of(title, for_adult=was_adult(patient, last))
    numbers = [getattr(last.notes.vitals, vital.name) for vital in vitals]
    judged = [
        vital.judge(value)
        for vital, value in zip(vitals, numbers, strict=True)
        if value is not None
    ]
    outside = next(filter(None, judged), "")
    first = [getattr(visit.notes.vitals, vitals[0].name) for visit in measured]
    trend = [value for value in first if value is not None][-_MOST_POINTS:]
    st.metric(
        f"{_(title)}, {vitals[0].unit}",
        "/".join("–" if value is None else as_number(value) for value in numbers),
        delta=judgement(outside) or None,
        delta_color="off",
        delta_arrow=_ARROWS.get(outside, "off"),
        delta_description=short_date(in_zone(last.visited_at)),
    )
    if len(trend) > 1:
        words = _("{title} before: {values}").format(
            title=_(title),
            values=pgettext("measurements", ", ").join(map(as_number, trend)),
        )
        drawing(_sparkline(trend), alt=words, width="100%", height=_TREND_HEIGHT)


def _sparkline(values: Sequence[float]) -> str:
    """Return a line through the values, legible on both backgrounds.

    The points of Streamlit's own line in a metric have names that are of no use in a
    screen reader.
    """
    lowest, spread = min(values), (max(values) - min(values)) or 1.0
    points = " ".join(
        f"{place * _TREND_WIDTH / (len(values) - 1):.1f},"
        f"{_TREND_HEIGHT - (value - lowest) / spread * _TREND_HEIGHT:.1f}"
        for place, value in enumerate(values)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" '
        f'viewBox="-2 -2 {_TREND_WIDTH + 4} {_TREND_HEIGHT + 4}" '
        f'preserveAspectRatio="none"><polyline fill="none" stroke="{_TREND_COLOUR}" '
        f'stroke-width="2" vector-effect="non-scaling-stroke" points="{points}"/></svg>'
    )
