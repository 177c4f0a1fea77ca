"""Vital signs over time: a chart, and the same numbers as a table."""

from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.context import current_actor, in_zone, read
from dashboard.ui.empty_state import empty_state
from dashboard.ui.words import at
from services.consultations import notes
from services.consultations.notes import VITALS, VisitMeasurements, Vital, written
from services.visits.front_desk.appointments import VisitRecord

_CHARTS: Final = {
    "Blood pressure": ("systolic", "diastolic"),
    "Pulse": ("pulse",),
    "Temperature": ("temperature",),
    "Breathing rate": ("breathing_rate",),
    "Oxygen saturation": ("saturation",),
    "Weight": ("weight",),
    "Height": ("height",),
}
_BY_NAME: Final = {vital.name: vital for vital in VITALS}
_SECONDS: Final = 10.0
_HEIGHT: Final = 240


def show_measurements(visit: VisitRecord) -> None:
    """Show what was measured at this patient's visits, one vital sign at a time."""
    actor = current_actor()
    measured = read(
        lambda s: notes.list_measured(s, actor, visit.id),
        keep=("measured", visit.id),
        seconds=_SECONDS,
    )
    titles = [title for title in _CHARTS if _with(measured, title)]
    if not titles:
        empty_state("Nothing was measured at a visit yet.", icon="monitor_heart")
        return
    chosen = st.selectbox("Vital sign", titles, key="visit_vital")
    _chart(chosen, _with(measured, chosen))


def _with(measured: Sequence[VisitMeasurements], title: str) -> list[VisitMeasurements]:
    return [
        visit
        for visit in measured
        if any(getattr(visit.vitals, name) is not None for name in _CHARTS[title])
    ]


def _chart(title: str, measured: Sequence[VisitMeasurements]) -> None:
    vitals = [_BY_NAME[name] for name in _CHARTS[title]]
    latest = measured[-1]
    st.altair_chart(
        _lines(vitals, measured),
        alt=(
            f"{title} at {len(measured)} visits, the last {at(latest.visited_at)}: "
            f"{_as_text(latest, vitals)}; the table below has all of them"
        ),
    )
    st.table(
        {at(visit.visited_at): _as_text(visit, vitals) for visit in reversed(measured)},
        border="horizontal",
        alt=f"{title}, the newest first",
    )


def _lines(vitals: Sequence[Vital], measured: Sequence[VisitMeasurements]) -> alt.Chart:
    """Return the chart, whose lines and points say nothing to a screen reader.

    Streamlit's own line chart names each point that the mouse is over, in a way that no
    reader understands; the whole has a text, and a table below it.
    """
    frame = pd.DataFrame(
        [
            {
                # Vega shows moments in the viewer's zone unless they have none.
                "Visit": in_zone(visit.visited_at).replace(tzinfo=None),
                "Value": getattr(visit.vitals, vital.name),
                "Vital sign": vital.label,
            }
            for visit in measured
            for vital in vitals
        ]
    )
    legend = alt.Legend(orient="bottom", title=None) if len(vitals) > 1 else None
    chart: alt.Chart = (
        alt.Chart(frame, height=_HEIGHT)
        .mark_line(aria=False, point=alt.OverlayMarkDef(aria=False))
        .encode(
            x=alt.X("Visit:T", title=None),
            y=alt.Y("Value:Q", title=vitals[0].unit, scale=alt.Scale(zero=False)),
            color=alt.Color("Vital sign:N", legend=legend),
            tooltip=["Visit:T", "Vital sign:N", "Value:Q"],
        )
    )
    return chart


def _as_text(visit: VisitMeasurements, vitals: Sequence[Vital]) -> str:
    values = [getattr(visit.vitals, vital.name) for vital in vitals]
    numbers = " / ".join("–" if value is None else written(value) for value in values)
    return f"{numbers} {vitals[0].unit}"
