"""A cohort's attrition and its counts, as charts with their numbers as tables."""

from collections.abc import Mapping
from typing import Final

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.ui.chart_tools import chart_box
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import decimal, gettext as _, marked, pgettext, translated
from dashboard.ui.words import capitalised
from services.analytics.cohorts import (
    CohortCount,
    CohortResult,
    Dimension,
    Hidden,
)
from services.analytics.cohorts.wording import tell_split, tell_steps
from services.patients.records.model import Sex

_SEXES: Final[Mapping[str, str]] = {
    Sex.FEMALE: marked("Female"),
    Sex.MALE: marked("Male"),
    Sex.OTHER: marked("Other"),
    Sex.UNKNOWN: marked("Unknown"),
}
_NOT_TOLD: Final = marked("not told")
_ROW: Final = 44
_HEIGHT: Final = 320
_NUMBERS: Final = "#808495"
_COLOURS: Final = ("#0E7A86", "#C77700", "#6A4C93", "#9AA7B0")
_LONGEST_LABEL: Final = 420
_ROOM: Final = 1.3
_ONE_COLOUR: Final = 1


def show_attrition(result: CohortResult) -> None:
    """Show how many remain after each step, as a funnel and as a table."""
    st.subheader(_("How many remain"), anchor=False)
    steps = result.attrition
    # What was told before is kept without its values, so it is said anew.
    said = [capitalised(translated(words)) for words in tell_steps(result.cohort)]
    step_title, patients_title = _("Step"), _("Patients")
    frame = pd.DataFrame(
        {
            step_title: [f"{n}. {words}" for n, words in enumerate(said, start=1)],
            patients_title: [
                _told(step.remaining, result.smallest_group) for step in steps
            ],
            _("Share of the first"): [
                _share_of_first(result, n) for n in range(len(steps))
            ],
        }
    )
    drawn = frame.assign(number=[step.remaining.number or 0 for step in steps])
    base = alt.Chart(drawn, height=_ROW * len(steps) + 20).encode(
        y=alt.Y(
            f"{step_title}:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelLimit=_LONGEST_LABEL, ticks=False),
        ),
        x=alt.X(
            "number:Q",
            axis=None,
            scale=alt.Scale(domain=[0, max(1, drawn["number"].max()) * _ROOM]),
        ),
        tooltip=[step_title, patients_title],
    )
    bars = base.mark_bar(color=_COLOURS[0], aria=False)
    texts = base.mark_text(align="left", dx=4, color=_NUMBERS, aria=False)
    with chart_box(_("Attrition"), frame, key="cohorts_attrition"):
        st.altair_chart(
            alt.LayerChart(layer=[bars, texts.encode(text=f"{patients_title}:N")]),
            alt="; ".join(
                f"{words}: {told}"
                for words, told in zip(said, frame[patients_title], strict=True)
            ),
        )


def show_split(result: CohortResult) -> None:
    """Show the counts by what they are split by, if they are."""
    if not result.split_by:
        return
    split = translated(tell_split(result.split_by))
    st.subheader(_("By {split}").format(split=split), anchor=False)
    has_steps = len(result.attrition) > 1
    if not any(cell.entered is not None for cell in result.cells):
        empty_state(
            _(
                "Every group here has fewer than {least} patients, or would tell of "
                "one that has. Split by less, or let more patients in."
            ).format(least=result.smallest_group),
            icon="visibility_off",
        )
        return
    names = [dimension_name(dimension) for dimension in result.split_by]
    came_in, share = _("Came in"), pgettext("of a whole", "Share")
    rows = [
        {
            **dict(zip(names, map(value_name, cell.values), strict=True)),
            came_in: number_text(cell.entered),
            **(
                {
                    _("Remain"): number_text(cell.remaining),
                    share: percent_text(cell.share),
                }
                if has_steps
                else {}
            ),
        }
        for cell in result.cells
    ]
    frame = pd.DataFrame(rows)
    has_share = any(cell.share is not None for cell in result.cells)
    shown = share if has_share else came_in
    name = _("Cohort by {split}").format(split=split)
    with chart_box(name, frame, key="cohorts_split_chart"):
        st.altair_chart(
            _split_chart(result, names, shown, has_steps=has_share),
            height=_HEIGHT,
            alt=_("{shown} by {split}; see the table below it").format(
                shown=shown, split=split
            ),
        )
    st.caption(
        _(
            "“not told” stands for fewer than {least} patients, for all but fewer than "
            "{least}, and for what would tell of one such number."
        ).format(least=result.smallest_group)
    )


def _split_chart(
    result: CohortResult, names: list[str], shown: str, *, has_steps: bool
) -> alt.Chart:
    frame = pd.DataFrame(
        [
            {
                **dict(zip(names, map(value_name, cell.values), strict=True)),
                shown: cell.share if has_steps else cell.entered,
            }
            for cell in result.cells
        ]
    )
    placed = sorted(zip(result.split_by, names, strict=True), key=_is_not_time)
    along, *beside = (name for _dimension, name in placed)
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


def _is_not_time(placed: tuple[Dimension, str]) -> bool:
    return placed[0] not in {Dimension.QUARTER, Dimension.YEAR}


def dimension_name(dimension: Dimension) -> str:
    """Return what counts are split by, as it heads a column."""
    return capitalised(_(dimension.value))


def value_name(value: str) -> str:
    """Return a value of what counts are split by, as it begins a line."""
    return _(_SEXES[value]) if value in _SEXES else capitalised(value)


def _told(count: CohortCount, least: int) -> str:
    if count.number is not None:
        return decimal(count.number)
    if count.hidden is Hidden.NEARLY_ALL:
        return _("all but fewer than {least}").format(least=least)
    return _("fewer than {least}").format(least=least)


def _share_of_first(result: CohortResult, place: int) -> str:
    first, here = (result.attrition[n].remaining.number for n in (0, place))
    return percent_text(here / first if first and here is not None else None)


def number_text(number: int | None) -> str:
    """Write a number that may be hidden."""
    return _(_NOT_TOLD) if number is None else decimal(number)


def percent_text(share: float | None) -> str:
    """Write a share that may be hidden."""
    if share is None:
        return _(_NOT_TOLD)
    return _("{number}%").format(number=decimal(100 * share, 1))
