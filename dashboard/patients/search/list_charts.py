"""What a list is made of, as three small bar charts with words for each."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from services.patients.search import Bar, ListStatistics


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
    frame = pd.DataFrame(
        {
            title: [bar.label[:1].upper() + bar.label[1:] for bar in bars],
            "Patients": [bar.count for bar in bars],
        }
    )
    most = max(bars, key=lambda bar: bar.count)
    st.bar_chart(
        frame,
        x=title,
        y="Patients",
        x_label="",
        horizontal=True,
        sort=False,
        height=max(120, 36 * len(bars)),
        alt=f"Patients by {title.lower()}; most: {most.label}, {most.count:,}",
    )
