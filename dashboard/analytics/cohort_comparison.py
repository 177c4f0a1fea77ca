"""Two to four cohorts side by side: which, and how they differ."""

from contextlib import suppress
from math import isfinite
from typing import Final

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.analytics import cohort_address, kept_questions
from dashboard.analytics.cohort_charts import (
    count_text,
    dimension_name,
    number_text,
    percent_text,
    value_name,
)
from dashboard.ui.chart_tools import chart_box
from dashboard.ui.fields import begin_with
from dashboard.ui.language import decimal, gettext as _, marked, pgettext
from dashboard.ui.language.chart_locale import in_language
from dashboard.ui.words import at, plain
from services.analytics.cohorts import (
    COHORTS,
    FEWEST,
    MOST,
    CohortCount,
    ComparedShare,
    Comparison,
    Dimension,
)
from services.core.errors import NotFound

_CHOICE: Final = "cohorts_compared"
_LETTERS: Final = "ABCD"
_COLOURS: Final = ("#0E7A86", "#C77700", "#6A4C93", "#7A8790")
_HEIGHT: Final = 280
_ROW: Final = 30
_SMALL_DIFFERENCE: Final = 0.1
# Beyond the lines, so that what stands below them is not cut.
_ROOM: Final = 1.15
_TICKS: Final = 5
_TITLES: Final = {
    Dimension.AGE_BAND: marked("Ages"),
    Dimension.SEX: marked("Sexes"),
}


def choose() -> bool:
    """Choose saved cohorts; tell whether they are compared from the next run on."""
    known: dict[str, str] = {}
    # Equal cohorts have one key, and one's own name goes before a colleague's.
    for view in kept_questions.list_saved(COHORTS):
        known.setdefault(view.key, kept_questions.name_of(view))
    if current := kept_questions.current_key():
        known.setdefault(current, _("The cohort on this page"))
    compared = cohort_address.compared_keys()
    for key in compared:
        # Compared is also what nobody has saved: it stays to be compared with others.
        if key not in known:
            with suppress(NotFound):
                known |= {key: cohort_address.sentences_of([key])[0]}
    if len(known) < FEWEST:
        st.caption(_("Save two cohorts to compare them."))
        return False
    begin_with([key for key in compared if key in known], _CHOICE)
    chosen = st.multiselect(
        _("Cohorts to compare"),
        list(known),
        format_func=known.__getitem__,
        key=_CHOICE,
        max_selections=MOST,
        placeholder=_("Two to four"),
        select_all=False,
    )
    if st.button(_("Compare"), key="cohorts_compare", disabled=len(chosen) < FEWEST):
        cohort_address.show_compared(chosen)
        return True
    return False


def show(comparison: Comparison) -> None:
    """Show sizes, ages and sexes, how each differs from the first, and overlaps."""
    st.subheader(_("Cohorts side by side"), anchor=False)
    st.caption(_("Counted {time}.").format(time=at(comparison.counted_at)))
    said = cohort_address.sentences_of(cohort_address.compared_keys())
    for letter, cohort, sentence in zip(
        _LETTERS, comparison.cohorts, said, strict=False
    ):
        number = CohortCount(cohort.patients, cohort.hidden)
        size = _size_text(number, comparison.smallest_group)
        st.markdown(f"**{letter}: {size}.** {plain(sentence)}")
    for dimension, title in _TITLES.items():
        _show_shares(comparison, dimension, _(title))
    _show_differences(comparison)
    _show_overlaps(comparison)
    st.caption(
        _(
            "“suppressed” stands for fewer than {least} patients, and for any number "
            "from which they could be worked out."
        ).format(least=comparison.smallest_group)
    )


def _show_shares(comparison: Comparison, of: Dimension, title: str) -> None:
    rows = [(letter, s) for letter, s in _shares(comparison) if s.dimension is of]
    shares = [(letter, s) for letter, s in rows if s.share is not None]
    if not shares:
        return
    st.markdown(f"#### {title}")
    label, cohort_title, share_title = (
        dimension_name(of),
        _("Cohort"),
        pgettext("of a whole", "Share"),
    )
    frame = pd.DataFrame(
        {
            cohort_title: [letter for letter, each in rows],
            label: [value_name(s.value) for letter, s in rows],
            _("Patients"): [number_text(s.patients) for letter, s in rows],
            share_title: [percent_text(s.share) for letter, s in rows],
            _("95% interval"): [_interval_text(s) for letter, s in rows],
        }
    )
    drawn = pd.DataFrame(
        [
            {
                cohort_title: letter,
                label: value_name(s.value),
                share_title: s.share,
                "low": s.interval.low if s.interval else None,
                "high": s.interval.high if s.interval else None,
            }
            for letter, s in shares
        ]
    )
    base = alt.Chart(drawn).encode(
        x=alt.X(f"{label}:N", sort=None, axis=alt.Axis(labelAngle=0, title=None)),
        xOffset=alt.XOffset(f"{cohort_title}:N"),
        tooltip=[cohort_title, label, alt.Tooltip(share_title, format=".1%")],
    )
    bars = base.mark_bar(aria=False).encode(
        y=alt.Y(f"{share_title}:Q", title=None, axis=alt.Axis(format="%")),
        color=_colour(len(comparison.cohorts)),
    )
    lines = base.mark_rule(aria=False, color="#808495", strokeWidth=1.5).encode(
        y="low:Q", y2="high:Q"
    )
    name = _("Cohorts by {split}").format(split=_(of.value))
    with chart_box(name, lambda: frame, key=f"cohorts_compared_{of.name}"):
        st.altair_chart(
            in_language(alt.LayerChart(layer=[bars, lines])),
            height=_HEIGHT,
            alt=_(
                "Shares by {split} of each cohort with 95% confidence intervals; see "
                "the table below it"
            ).format(split=_(of.value)),
        )


def _show_differences(comparison: Comparison) -> None:
    rows = [
        (f"{letter}, {value_name(s.value)}", s.difference)
        for letter, s in _shares(comparison)
        if s.difference is not None
    ]
    if not rows:
        return
    st.markdown("#### " + _("Standardized differences from A"))
    st.caption(
        _(
            "The difference of two shares in standard deviations (Austin 2009). Beyond "
            "the lines at 0.1 it is often called more than small."
        )
    )
    value_title, difference_title = _("Value"), _("Difference")
    frame = pd.DataFrame(rows, columns=[value_title, difference_title])
    distances = [abs(number) for name, number in rows if isfinite(number)]
    furthest = _ROOM * max(_SMALL_DIFFERENCE, *distances, 0)
    limits = pd.DataFrame({"limit": [-_SMALL_DIFFERENCE, 0, _SMALL_DIFFERENCE]})
    points = (
        alt.Chart(frame)
        .mark_circle(size=90, color=_COLOURS[0], opacity=1, aria=False)
        .encode(
            x=alt.X(
                f"{difference_title}:Q",
                title=None,
                scale=alt.Scale(domain=[-furthest, furthest], nice=False),
                axis=alt.Axis(format=".2f", tickCount=_TICKS),
            ),
            y=alt.Y(f"{value_title}:N", sort=None, title=None),
            tooltip=[value_title, alt.Tooltip(difference_title, format=".3f")],
        )
    )
    rules = alt.Chart(limits).mark_rule(aria=False, color="#808495", strokeDash=[3, 3])
    signed = [
        ("+" if number >= 0 else "") + decimal(number, 3) for name, number in rows
    ]
    table = frame.assign(**{difference_title: signed})
    name = _("Standardized differences")
    with chart_box(name, lambda: table, key="cohorts_differences"):
        st.altair_chart(
            in_language(alt.LayerChart(layer=[rules.encode(x="limit:Q"), points])),
            height=_ROW * len(frame) + 30,
            alt=_(
                "Standardized differences from the first cohort; see the table below"
            ),
        )


def _show_overlaps(comparison: Comparison) -> None:
    st.markdown("#### " + _("In both"))
    for overlap in comparison.overlaps:
        st.markdown(
            _("{first} and {second}: **{number}**").format(
                first=_LETTERS[overlap.first],
                second=_LETTERS[overlap.second],
                number=number_text(overlap.patients),
            )
        )


def _shares(comparison: Comparison) -> list[tuple[str, ComparedShare]]:
    return [
        (letter, share)
        for letter, cohort in zip(_LETTERS, comparison.cohorts, strict=False)
        for share in cohort.shares
    ]


def _size_text(count: CohortCount, least: int) -> str:
    if count.number is None:
        return count_text(count, least)
    return _("{number} patients").format(number=decimal(count.number))


def _interval_text(share: ComparedShare) -> str:
    if share.interval is None:
        return number_text(None)
    return _("{least} to {most}").format(
        least=percent_text(share.interval.low), most=percent_text(share.interval.high)
    )


def _colour(cohorts: int) -> alt.Color:
    legend = alt.Legend(orient="bottom", title=None)
    scale = alt.Scale(domain=list(_LETTERS[:cohorts]), range=list(_COLOURS))
    return alt.Color(f"{_('Cohort')}:N", legend=legend, scale=scale)
