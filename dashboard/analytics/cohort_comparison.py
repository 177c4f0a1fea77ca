"""Two to four cohorts side by side: which, and how they differ."""

from contextlib import suppress
from math import isfinite
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.analytics import cohort_address, question_address
from dashboard.analytics.cohort_charts import (
    count_text,
    dimension_name,
    number_text,
    percent_text,
    suppressed_numbers,
    value_name,
)
from dashboard.ui.chart_tools import chart_box
from dashboard.ui.chart_tools.vega_lite import (
    Spec,
    every_value,
    mark,
    nominal,
    of_rows,
    quantitative,
)
from dashboard.ui.fields import set_initial_value
from dashboard.ui.fields.distinct_labels import distinct_names
from dashboard.ui.language import decimal, gettext as _, marked, pgettext
from dashboard.ui.language.chart_locale import in_language
from dashboard.ui.words import at, plain
from services.analytics.cohorts import (
    COHORTS,
    FEWEST_COHORTS,
    MOST_COHORTS,
    CohortCount,
    ComparedShare,
    Comparison,
    Dimension,
)
from services.core.errors import NotFound

# The key of the field in which cohorts are chosen.
CHOICE: Final = "cohorts_compared"
_LETTERS: Final = "ABCD"
_COLOURS: Final = ("#0E7A86", "#C77700", "#6A4C93", "#7A8790")
_HEIGHT: Final = 280
_ROW: Final = 30
_SMALL_DIFFERENCE: Final = 0.1
_RULE: Final = mark("rule", color="#808495")
# Room beyond the lines, so that the labels below them are not cut off.
_ROOM: Final = 1.15
_TICKS: Final = 5
_TITLES: Final = {
    Dimension.AGE_BAND: marked("Ages"),
    Dimension.SEX: marked("Sexes"),
}


def choose() -> bool:
    """Choose saved cohorts; return whether they are compared from the next run on."""
    known: dict[str, str] = {}
    # Equal cohorts have one key, and the person's own name precedes a colleague's.
    for view in question_address.list_saved(COHORTS):
        known.setdefault(view.key, question_address.name_of(view))
    if current := question_address.current_key():
        known.setdefault(current, _("The cohort on this page"))
    compared = cohort_address.compared_keys()
    for key in compared:
        # A cohort that nobody has saved can be compared, too, and stays in the list.
        if key not in known:
            with suppress(NotFound):
                known |= {key: cohort_address.sentences_of([key])[0]}
    if len(known) < FEWEST_COHORTS:
        st.caption(_("Save two cohorts to compare them."))
        return False
    labels = distinct_names(known)
    set_initial_value([key for key in compared if key in known], CHOICE)
    chosen = st.multiselect(
        _("Cohorts to compare"),
        list(known),
        format_func=labels.__getitem__,
        key=CHOICE,
        max_selections=MOST_COHORTS,
        placeholder=_("Two to four"),
        select_all=False,
    )
    if st.button(
        _("Compare"), key="cohorts_compare", disabled=len(chosen) < FEWEST_COHORTS
    ):
        cohort_address.put_compared_in_address(chosen)
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
            "“suppressed”, or × in a chart, stands for fewer than {least} patients, "
            "and for any number from which they could be worked out."
        ).format(least=comparison.smallest_group)
    )


def _show_shares(comparison: Comparison, of: Dimension, title: str) -> None:
    rows = [(letter, s) for letter, s in _shares(comparison) if s.dimension is of]
    if all(s.share is None for letter, s in rows):
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
            for letter, s in rows
        ]
    )
    spec = _shares_spec(
        cohort_title, frame[label], share_title, len(comparison.cohorts)
    )
    name = _("Cohorts by {split}").format(split=_(of.value))
    with chart_box(name, lambda: frame, key=f"cohorts_compared_{of.name}"):
        st.vega_lite_chart(
            in_language(of_rows(drawn, spec)),
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
            "The difference between two shares in standard deviations (Austin 2009). "
            "Beyond the lines at 0.1 it is often considered more than small."
        )
    )
    value_title, difference_title = _("Value"), _("Difference")
    frame = pd.DataFrame(rows, columns=[value_title, difference_title])
    distances = [abs(number) for name, number in rows if isfinite(number)]
    furthest = _ROOM * max(_SMALL_DIFFERENCE, *distances, 0)
    spec = _differences_spec(value_title, difference_title, furthest)
    signed = [
        ("+" if number >= 0 else "") + decimal(number, 3) for name, number in rows
    ]
    table = frame.assign(**{difference_title: signed})
    name = _("Standardized differences")
    with chart_box(name, lambda: table, key="cohorts_differences"):
        st.vega_lite_chart(
            in_language(of_rows(frame, spec)),
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


def _shares_spec(
    cohort_title: str, values: "pd.Series[str]", share_title: str, cohorts: int
) -> Spec:
    """Return a bar for each cohort's share, with a line for its interval over it.

    Every cohort has all `values`, in their order; of the first, any may be hidden.
    """
    label, letters = str(values.name), list(_LETTERS[:cohorts])
    placed: Spec = {
        "x": nominal(
            label, scale=every_value(values), axis={"labelAngle": 0, "title": None}
        ),
        "xOffset": nominal(cohort_title, scale={"domain": letters}),
        "tooltip": [
            nominal(cohort_title),
            nominal(label),
            quantitative(share_title, format=".1%"),
        ],
    }
    share = quantitative(share_title, title=None, axis={"format": "%"})
    colour = nominal(
        cohort_title,
        legend={"orient": "bottom", "title": None},
        scale={"domain": letters, "range": list(_COLOURS)},
    )
    interval = {"y": quantitative("low"), "y2": {"field": "high"}}
    suppressed = suppressed_numbers(placed | {"y": share}, share_title)
    return {
        "layer": [
            {
                "mark": mark("bar"),
                "encoding": placed | {"y": share, "color": colour},
            },
            {"mark": _RULE | {"strokeWidth": 1.5}, "encoding": placed | interval},
            suppressed,
        ]
    }


def _differences_spec(value_title: str, difference_title: str, furthest: float) -> Spec:
    """Return a point for each difference, over lines at zero and at small ones."""
    limits = (-_SMALL_DIFFERENCE, 0, _SMALL_DIFFERENCE)
    circle = mark("circle", size=90, color=_COLOURS[0], opacity=1)
    difference = quantitative(
        difference_title,
        title=None,
        scale={"domain": [-furthest, furthest], "nice": False},
        axis={"format": ".2f", "tickCount": _TICKS},
    )
    return {
        "layer": [
            {
                "data": {"values": [{"limit": limit} for limit in limits]},
                "mark": _RULE | {"strokeDash": [3, 3]},
                "encoding": {"x": quantitative("limit")},
            },
            {
                "mark": circle,
                "encoding": {
                    "x": difference,
                    "y": nominal(value_title, sort=None, title=None),
                    "tooltip": [
                        nominal(value_title),
                        quantitative(difference_title, format=".3f"),
                    ],
                },
            },
        ]
    }
