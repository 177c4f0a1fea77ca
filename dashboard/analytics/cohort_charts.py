"""A cohort's attrition and its counts, as charts with their numbers as tables."""

from typing import Final

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.ui.chart_tools import chart_box
from dashboard.ui.empty_state import empty_state
from services.analytics.cohorts import (
    CohortCount,
    CohortResult,
    Dimension,
    Hidden,
)

_NOT_TOLD: Final = "not told"
_ROW: Final = 44
_HEIGHT: Final = 320
_NUMBERS: Final = "#808495"
_COLOURS: Final = ("#0E7A86", "#C77700", "#6A4C93", "#9AA7B0")
_LONGEST_LABEL: Final = 420
_ROOM: Final = 1.3
_ONE_COLOUR: Final = 1


def show_attrition(result: CohortResult) -> None:
    """Show how many remain after each step, as a funnel and as a table."""
    st.subheader("How many remain", anchor=False)
    steps = result.attrition
    frame = pd.DataFrame(
        {
            "Step": [f"{n}. {step.words}" for n, step in enumerate(steps, start=1)],
            "Patients": [
                _told(step.remaining, result.smallest_group) for step in steps
            ],
            "Share of the first": [
                _share_of_first(result, n) for n in range(len(steps))
            ],
        }
    )
    drawn = frame.assign(number=[step.remaining.number or 0 for step in steps])
    base = alt.Chart(drawn, height=_ROW * len(steps) + 20).encode(
        y=alt.Y(
            "Step:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelLimit=_LONGEST_LABEL, ticks=False),
        ),
        x=alt.X(
            "number:Q",
            axis=None,
            scale=alt.Scale(domain=[0, max(1, drawn["number"].max()) * _ROOM]),
        ),
        tooltip=["Step", "Patients"],
    )
    bars = base.mark_bar(color=_COLOURS[0], aria=False)
    texts = base.mark_text(align="left", dx=4, color=_NUMBERS, aria=False)
    with chart_box("Attrition", frame, key="cohorts_attrition"):
        st.altair_chart(
            alt.LayerChart(layer=[bars, texts.encode(text="Patients:N")]),
            alt="; ".join(
                f"{step.words}: {told}"
                for step, told in zip(steps, frame["Patients"], strict=True)
            ),
        )


def show_split(result: CohortResult) -> None:
    """Show the counts by what they are split by, if they are."""
    if not result.split_by:
        return
    st.subheader(f"By {' and '.join(result.split_by)}", anchor=False)
    has_steps = len(result.attrition) > 1
    if not any(cell.entered is not None for cell in result.cells):
        empty_state(
            f"Every group here has fewer than {result.smallest_group} patients, or "
            "would tell of one that has. Split by less, or let more patients in.",
            icon="visibility_off",
        )
        return
    names = [dimension.capitalize() for dimension in result.split_by]
    rows = [
        {
            **dict(zip(names, map(capitalised, cell.values), strict=True)),
            "Came in": number_text(cell.entered),
            **(
                {
                    "Remain": number_text(cell.remaining),
                    "Share": percent_text(cell.share),
                }
                if has_steps
                else {}
            ),
        }
        for cell in result.cells
    ]
    frame = pd.DataFrame(rows)
    is_any_share_told = any(cell.share is not None for cell in result.cells)
    shown = "Share" if is_any_share_told else "Came in"
    with chart_box(
        f"Cohort by {' and '.join(result.split_by)}", frame, key="cohorts_split_chart"
    ):
        st.altair_chart(
            _split_chart(result, names, shown),
            height=_HEIGHT,
            alt=f"{shown} by {' and '.join(result.split_by)}; see the table below it",
        )
    st.caption(
        f"“{_NOT_TOLD}” stands for fewer than {result.smallest_group} patients, for "
        f"all but fewer than {result.smallest_group}, and for what would tell of one "
        "such number."
    )


def _split_chart(result: CohortResult, names: list[str], shown: str) -> alt.Chart:
    has_steps = shown == "Share"
    frame = pd.DataFrame(
        [
            {
                **dict(zip(names, map(capitalised, cell.values), strict=True)),
                shown: cell.share if has_steps else cell.entered,
            }
            for cell in result.cells
        ]
    )
    along, *beside = sorted(names, key=_is_not_time)
    encoding = {
        "x": alt.X(f"{along}:N", sort=None, axis=alt.Axis(labelAngle=0, title=None)),
        "y": alt.Y(
            f"{shown}:Q",
            title=None,
            axis=alt.Axis(format="%" if has_steps else "d"),
        ),
        "tooltip": [*names, alt.Tooltip(shown, format=".1%" if has_steps else "d")],
    }
    if beside:
        encoding |= {
            "xOffset": alt.XOffset(f"{beside[0]}:N", sort=None),
            "color": alt.Color(
                f"{beside[0]}:N",
                sort=None,
                title=None,
                legend=alt.Legend(orient="bottom", columns=2),
                scale=alt.Scale(range=list(_COLOURS)),
            ),
        }
    else:
        encoding["color"] = alt.value(_COLOURS[0])
    chart: alt.Chart = alt.Chart(frame).mark_bar(aria=False).encode(**encoding)
    return chart


def _is_not_time(name: str) -> bool:
    return name.lower() not in {Dimension.QUARTER, Dimension.YEAR}


def _told(count: CohortCount, least: int) -> str:
    if count.number is not None:
        return f"{count.number:,}"
    few = f"fewer than {least}"
    return f"all but {few}" if count.hidden is Hidden.NEARLY_ALL else few


def _share_of_first(result: CohortResult, place: int) -> str:
    first, here = (result.attrition[n].remaining.number for n in (0, place))
    return percent_text(here / first if first and here is not None else None)


def number_text(number: int | None) -> str:
    """Write a number that may be hidden."""
    return _NOT_TOLD if number is None else f"{number:,}"


def percent_text(share: float | None) -> str:
    """Write a share that may be hidden."""
    return _NOT_TOLD if share is None else f"{share:.1%}"


def capitalised(value: str) -> str:
    """Write a value as the beginning of a line."""
    return value[:1].upper() + value[1:]
