"""Two to four cohorts side by side: which, and how they differ."""

from typing import Final

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.analytics import cohort_address
from dashboard.analytics.cohort_charts import capitalised, number_text, percent_text
from dashboard.ui.chart_tools import chart_box
from dashboard.ui.words import at, plain
from services.analytics.cohorts import (
    FEWEST,
    MOST,
    ComparedShare,
    Comparison,
    Dimension,
)

_LETTERS: Final = "ABCD"
_COLOURS: Final = ("#0E7A86", "#C77700", "#6A4C93", "#7A8790")
_HEIGHT: Final = 280
_ROW: Final = 30
_SMALL_DIFFERENCE: Final = 0.1


def show_choice() -> None:
    """Choose saved cohorts, and have them compared."""
    known = {view.key: view.name for view in cohort_address.saved()}
    if current := cohort_address.current_key():
        known.setdefault(current, "The cohort on this page")
    if len(known) < FEWEST:
        st.caption("Save two cohorts to compare them.")
        return
    chosen = st.multiselect(
        "Cohorts to compare",
        list(known),
        format_func=known.__getitem__,
        key="cohorts_compared",
        max_selections=MOST,
        placeholder="Two to four",
        select_all=False,
    )
    if st.button("Compare", key="cohorts_compare", disabled=len(chosen) < FEWEST):
        cohort_address.show_compared(chosen)
        st.rerun()


def show(comparison: Comparison) -> None:
    """Show sizes, ages and sexes, how each differs from the first, and overlaps."""
    st.subheader("Cohorts side by side", anchor=False)
    st.caption(f"Counted {at(comparison.counted_at)}.")
    for letter, cohort in zip(_LETTERS, comparison.cohorts, strict=False):
        size = _told(cohort.patients, comparison.smallest_group)
        st.markdown(f"**{letter}: {size}.** {plain(cohort.sentence)}")
    for dimension, title in ((Dimension.AGE_BAND, "Ages"), (Dimension.SEX, "Sexes")):
        _show_shares(comparison, dimension, title)
    _show_differences(comparison)
    _show_overlaps(comparison)
    st.caption(
        "“not told” stands for fewer than "
        f"{comparison.smallest_group} patients, and for what would tell of them."
    )


def _show_shares(comparison: Comparison, of: Dimension, title: str) -> None:
    rows = [(letter, s) for letter, s in _shares(comparison) if s.dimension is of]
    told = [(letter, s) for letter, s in rows if s.share is not None]
    if not told:
        return
    st.markdown(f"#### {title}")
    label = of.capitalize()
    frame = pd.DataFrame(
        {
            "Cohort": [letter for letter, _ in rows],
            label: [capitalised(s.value) for _, s in rows],
            "Patients": [number_text(s.patients) for _, s in rows],
            "Share": [percent_text(s.share) for _, s in rows],
            "95 % interval": [_interval_text(s) for _, s in rows],
        }
    )
    drawn = pd.DataFrame(
        [
            {
                "Cohort": letter,
                label: capitalised(s.value),
                "Share": s.share,
                "low": s.interval.low if s.interval else None,
                "high": s.interval.high if s.interval else None,
            }
            for letter, s in told
        ]
    )
    base = alt.Chart(drawn, height=_HEIGHT).encode(
        x=alt.X(f"{label}:N", sort=None, axis=alt.Axis(labelAngle=0, title=None)),
        xOffset=alt.XOffset("Cohort:N"),
        tooltip=["Cohort", label, alt.Tooltip("Share", format=".1%")],
    )
    bars = base.mark_bar(aria=False).encode(
        y=alt.Y("Share:Q", title=None, axis=alt.Axis(format="%")),
        color=_colour(len(comparison.cohorts)),
    )
    lines = base.mark_rule(aria=False, color="#808495", strokeWidth=1.5).encode(
        y="low:Q", y2="high:Q"
    )
    with chart_box(f"Cohorts by {of}", frame, key=f"cohorts_compared_{of.name}"):
        st.altair_chart(
            alt.LayerChart(layer=[bars, lines]),
            alt=f"Shares by {of} of each cohort with 95 % confidence intervals; see "
            "the table below it",
        )


def _show_differences(comparison: Comparison) -> None:
    rows = [
        (f"{letter}, {capitalised(s.value)}", s.difference)
        for letter, s in _shares(comparison)
        if s.difference is not None
    ]
    if not rows:
        return
    st.markdown("#### Standardized differences from A")
    st.caption(
        "The difference of two shares in standard deviations (Austin 2009). Beyond "
        "the lines at 0.1 it is often called more than small."
    )
    frame = pd.DataFrame(rows, columns=["Value", "Difference"])
    limits = pd.DataFrame({"limit": [-_SMALL_DIFFERENCE, 0, _SMALL_DIFFERENCE]})
    points = (
        alt.Chart(frame, height=_ROW * len(frame) + 30)
        .mark_circle(size=90, color=_COLOURS[0], opacity=1, aria=False)
        .encode(
            x=alt.X("Difference:Q", title=None),
            y=alt.Y("Value:N", sort=None, title=None),
            tooltip=["Value", alt.Tooltip("Difference", format=".3f")],
        )
    )
    rules = alt.Chart(limits).mark_rule(aria=False, color="#808495", strokeDash=[3, 3])
    table = frame.assign(Difference=[f"{number:+.3f}" for _, number in rows])
    with chart_box("Standardized differences", table, key="cohorts_differences"):
        st.altair_chart(
            alt.LayerChart(layer=[rules.encode(x="limit:Q"), points]),
            alt="Standardized differences from the first cohort; see the table below",
        )


def _show_overlaps(comparison: Comparison) -> None:
    st.markdown("#### In both")
    for overlap in comparison.overlaps:
        pair = f"{_LETTERS[overlap.first]} and {_LETTERS[overlap.second]}"
        st.markdown(f"{pair}: **{number_text(overlap.patients)}**")


def _shares(comparison: Comparison) -> list[tuple[str, ComparedShare]]:
    return [
        (letter, share)
        for letter, cohort in zip(_LETTERS, comparison.cohorts, strict=False)
        for share in cohort.shares
    ]


def _told(number: int | None, least: int) -> str:
    return f"fewer than {least}" if number is None else f"{number:,} patients"


def _interval_text(share: ComparedShare) -> str:
    interval = share.interval
    return (
        f"{interval.low:.1%} to {interval.high:.1%}" if interval else number_text(None)
    )


def _colour(cohorts: int) -> alt.Color:
    legend = alt.Legend(orient="bottom", title=None)
    scale = alt.Scale(domain=list(_LETTERS[:cohorts]), range=list(_COLOURS))
    return alt.Color("Cohort:N", legend=legend, scale=scale)
