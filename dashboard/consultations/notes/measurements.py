"""Vital signs over time: a chart, and the same numbers as a table."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.consultations.notes.before_visit import notes_before
from dashboard.consultations.notes.open_visit import Opened
from dashboard.consultations.notes.shown_notes import as_number
from dashboard.context import in_zone
from dashboard.ui.chart_tools import bare_box
from dashboard.ui.chart_tools.vega_lite import (
    Spec,
    mark,
    nominal,
    of_rows,
    quantitative,
)
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _, lowered, marked, ngettext, pgettext
from dashboard.ui.language.chart_locale import day_format, in_language
from dashboard.ui.words import at
from services.consultations.notes import ADULT_FROM_YEARS, VITALS, EarlierNotes, Vital
from services.patients.records.model import PatientRecord

_CHARTS: Final = {
    marked("Blood pressure"): ("systolic", "diastolic"),
    marked("Pulse"): ("pulse",),
    marked("Temperature"): ("temperature",),
    marked("Respiratory rate"): ("breathing_rate",),
    marked("Oxygen saturation"): ("saturation",),
    marked("Weight"): ("weight",),
    marked("Height"): ("height",),
}
TITLES: Final = tuple(_CHARTS)
_BY_NAME: Final = {vital.name: vital for vital in VITALS}
_HEIGHT: Final = 240
# Green works in both themes, behind lines of any colour.
_USUAL: Final = "#2F855A"


def show_measurements(opened: Opened) -> None:
    """Show the measurements of earlier visits, one vital sign at a time."""
    visits = notes_before(opened)
    titles = [title for title in TITLES if measured_with(visits, title)]
    if not titles:
        empty_state(
            _("Nothing was measured at an earlier visit."), icon="monitor_heart"
        )
        return
    chosen = st.selectbox(_("Vital sign"), titles, format_func=_, key="visit_vital")
    show_vital(chosen, measured_with(visits, chosen), opened.patient)


def measured_with(visits: Sequence[EarlierNotes], title: str) -> list[EarlierNotes]:
    """Return the visits at which this was measured, the first visit first.

    `visits` are given with the latest first, and `title` is one of TITLES.
    """
    return [
        visit
        for visit in reversed(visits)
        if any(getattr(visit.notes.vitals, name) is not None for name in _CHARTS[title])
    ]


def vitals_of(title: str, *, for_adult: bool) -> list[Vital]:
    """Return the vital signs of one of TITLES; with usual ranges for adults only."""
    vitals = [_BY_NAME[name] for name in _CHARTS[title]]
    # Usual values for children depend on their age.
    return vitals if for_adult else [replace(vital, usual=None) for vital in vitals]


def was_adult(patient: PatientRecord, visit: EarlierNotes) -> bool:
    """Return whether the usual ranges of adults applied to the patient at the visit."""
    return patient.age(in_zone(visit.visited_at).date()) >= ADULT_FROM_YEARS


def judgement(outside: str) -> str:
    """Return the result of `Vital.judge` in the language of the page."""
    if outside == "high":
        return pgettext("measurement", "high")
    return pgettext("measurement", "low") if outside == "low" else ""


def show_vital(
    title: str, measured: Sequence[EarlierNotes], patient: PatientRecord
) -> None:
    """Draw one of TITLES over time, and the same numbers as a table.

    Values from childhood are not compared with the usual range for adults.
    """

    def vitals_at(visit: EarlierNotes) -> list[Vital]:
        return vitals_of(title, for_adult=was_adult(patient, visit))

    latest = measured[-1]
    vitals = vitals_at(latest)
    # The band is behind all values: it is left out if the first one is a child's.
    lines = _lines(vitals_at(measured[0]))
    with bare_box(f"vitals_{title.lower().replace(' ', '_')}"):
        st.vega_lite_chart(
            in_language(of_rows(_values(vitals, measured), lines)),
            height=_HEIGHT,
            alt=ngettext(
                "{title} at {count} visit, the last {when}: {value}; the table below "
                "has all of them",
                "{title} at {count} visits, the last {when}: {value}; the table below "
                "has all of them",
                len(measured),
            ).format(
                title=_(title),
                count=len(measured),
                when=at(latest.visited_at),
                value=_as_text(latest, vitals),
            ),
        )
    st.table(
        {
            at(visit.visited_at): _as_text(visit, vitals_at(visit))
            for visit in reversed(measured)
        },
        border="horizontal",
        alt=_("{title}, the newest first").format(title=_(title)),
    )
    if ranges := _ranges(vitals):
        st.caption(_("Usual for adults: {ranges}.").format(ranges=ranges))


def _values(vitals: Sequence[Vital], measured: Sequence[EarlierNotes]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                # Vega converts timestamps to the viewer's time zone unless they have
                # none.
                "Visit": in_zone(visit.visited_at).replace(tzinfo=None),
                "Value": getattr(visit.notes.vitals, vital.name),
                "Vital sign": _(vital.label),
            }
            for visit in measured
            for vital in vitals
        ]
    )


def _lines(vitals: Sequence[Vital]) -> Spec:
    """Return the chart; its lines and points have no text for screen readers.

    Streamlit's own line chart gives each point under the mouse a name that is of no use
    in a screen reader; here the whole chart has a text, and a table below it.
    """
    legend = {"orient": "bottom", "columns": 1, "title": None}
    visit = {"field": "Visit", "type": "temporal"}
    # As exact as it is measured: where all values are the same, Vega writes 163.400000.
    decimals = vitals[0].decimals
    axis = {"format": f",.{decimals}~f", "tickMinStep": 10**-decimals}
    lines: Spec = {
        "mark": mark("line", point={"aria": False}),
        "encoding": {
            # Without a format, Vega would write 13:20 as 01:20.
            "x": visit | {"title": None, "axis": {"format": day_format()}},
            "y": quantitative(
                "Value", title=vitals[0].unit, scale={"zero": False}, axis=axis
            ),
            "color": nominal("Vital sign", legend=legend if len(vitals) > 1 else None),
            "tooltip": [
                visit | {"title": _("Visit"), "format": f"{day_format()}, %H:%M"},
                nominal("Vital sign", title=_("Vital sign")),
                quantitative("Value", title=_("Value")),
            ],
        },
    }
    # With two overlapping ranges nobody could see which belongs to which line.
    bands = [_band(vital) for vital in vitals if vital.usual and len(vitals) == 1]
    return {"layer": [*bands, lines]}


def _band(vital: Vital) -> Spec:
    """Return the reference range, drawn behind the measurements."""
    lowest, highest = vital.usual or (0, 0)
    return {
        "data": {"values": [{"lowest": lowest, "highest": highest}]},
        "mark": mark("rect", opacity=0.12, color=_USUAL),
        "encoding": {
            "y": quantitative("lowest", scale={"zero": False}),
            "y2": {"field": "highest"},
        },
    }


def _as_text(visit: EarlierNotes, vitals: Sequence[Vital]) -> str:
    values = [(vital, getattr(visit.notes.vitals, vital.name)) for vital in vitals]
    numbers = " / ".join(
        "–" if value is None else as_number(value) for __, value in values
    )
    judged = [vital.judge(value) for vital, value in values if value is not None]
    outside = ", ".join(map(judgement, dict.fromkeys(filter(None, judged))))
    return f"{numbers} {vitals[0].unit}" + (f" ({outside})" if outside else "")


def _ranges(vitals: Sequence[Vital]) -> str:
    return "; ".join(
        _("{vital} {lowest} to {highest} {unit}").format(
            vital=lowered(_(vital.label)),
            lowest=as_number(vital.usual[0]),
            highest=as_number(vital.usual[1]),
            unit=vital.unit,
        )
        for vital in vitals
        if vital.usual
    )
