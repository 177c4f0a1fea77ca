"""What a list is made of, as three small bar charts with words for each."""

from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd
import streamlit as st

from services.patients.search import Bar, ListStatistics

_BAR_HEIGHT: Final = 30
_LEAST_HEIGHT: Final = 90
_LONGEST_LABEL: Final = 220
_ROOM: Final = 1.25
# Legible on both backgrounds: Vega knows no theme of Streamlit's for marks.
_NUMBERS: Final = "#808495"


def list_charts(statistics: ListStatistics) -> None:
    """Show ages, sexes and allergies of a list's patients."""
    if statistics.sampled:
        st.caption("The list is long: these charts show a sample of it.")
    age, sex, allergies = st.columns(3)
    with age:
        _bars("Age", statistics.ages)
    with sex:
        _bars("Sex", statistics.sexes)
    with allergies:
        _bars("Allergies", statistics.allergies)


def _bars(title: str, bars: Sequence[Bar]) -> None:
    st.subheader(title, anchor=False)
    if not bars:
        st.caption("Nothing to count here.")
        return
    most = max(bars, key=lambda bar: bar.count)
    st.altair_chart(
        _chart(title, bars),
        alt=f"Patients by {title.lower()}; most: {most.label}, {most.count:,}",
    )


def _chart(title: str, bars: Sequence[Bar]) -> alt.LayerChart:
    """Return bars from zero on, each with its number; nothing to zoom by accident."""
    counted = [
        {title: bar.label[:1].upper() + bar.label[1:], "Patients": bar.count}
        for bar in bars
    ]
    longest = max(1, *(bar.count for bar in bars))
    base = alt.Chart(
        pd.DataFrame(counted), height=max(_LEAST_HEIGHT, _BAR_HEIGHT * len(bars))
    ).encode(
        x=alt.X(
            "Patients:Q",
            axis=None,
            # Room for the number behind the longest.
            scale=alt.Scale(domain=[0, longest * _ROOM]),
        ),
        y=alt.Y(
            f"{title}:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelLimit=_LONGEST_LABEL, labelOverlap=False, ticks=False),
        ),
        tooltip=[title, "Patients"],
    )
    numbers = base.mark_text(align="left", dx=4, color=_NUMBERS, aria=False).encode(
        text=alt.Text("Patients:Q", format=",")
    )
    layers = (base.mark_bar(aria=False), numbers)
    return alt.LayerChart(layer=list(layers))
