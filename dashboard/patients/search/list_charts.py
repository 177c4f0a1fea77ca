"""The composition of a list, as three small bar charts with text for each."""

from collections.abc import Callable, Sequence
from typing import Final

import pandas as pd
import streamlit as st

from dashboard.patients.search.disclosed_lists import smallest_group
from dashboard.ui.chart_tools import choosing_box
from dashboard.ui.chart_tools.vega_lite import (
    MUTED,
    Spec,
    mark,
    nominal,
    of_rows,
    quantitative,
)
from dashboard.ui.fields.keys import stamp_of
from dashboard.ui.language import decimal, gettext as _, lowered
from dashboard.ui.language.chart_locale import in_language
from services.lists.criteria import Filter, Operator
from services.patients.search import Bar, ListStatistics

_BAR_HEIGHT: Final = 30
_LEAST_HEIGHT: Final = 90
_LONGEST_LABEL: Final = 220
_ROOM: Final = 1.25
_CLICKED: Final = "clicked"
# Between the two ends of an age band.
_DASH: Final = "\N{EN DASH}"
# Streamlit's theme does not reach Vega's text marks.
_NUMBERS: Final = mark("text", align="left", dx=4, color=MUTED)
_NAMES_AXIS: Final[Spec] = {
    "labelLimit": _LONGEST_LABEL,
    "labelOverlap": False,
    "ticks": False,
}


def list_charts(statistics: ListStatistics, year: int | None) -> Filter | None:
    """Show ages, sexes and allergies of a list's patients; return what was clicked.

    If years of birth are known instead of ages, `year` is the one the ages refer to;
    small groups are left out then.
    """
    if statistics.sampled:
        st.caption(_("The list is long, so these charts show a sample of it."))
    if year is not None:
        st.caption(
            _(
                "Bars of fewer than {least} patients are hidden, and so are any that "
                "would let someone work them out, alone or from earlier counts."
            ).format(least=smallest_group())
        )
    st.caption(_("Click a bar, or its name in the table, to filter the list."))
    # Where small groups are left out, all may be, although there are patients.
    nothing = (
        _("Nothing to count here.") if year is None else _("No bars can be shown here.")
    )
    age, sex, allergies = st.columns(3)
    with age:
        band = _bars("age", _("Age"), statistics.ages, nothing=nothing)
    with sex:
        chosen_sex = _bars(
            "sex", _("Sex"), statistics.sexes, label_of=_, nothing=nothing
        )
    with allergies:
        allergy = _bars(
            "allergies", _("Allergies"), statistics.allergies, nothing=nothing
        )
    if band:
        return age_filter(band, year)
    if chosen_sex:
        return Filter("sex", Operator.EQUAL, chosen_sex)
    return Filter("allergies", Operator.HAS, allergy) if allergy else None


def age_filter(band: str, year: int | None) -> Filter:
    """Return the filter for an age band, by year of birth if a year is given."""
    youngest, __, oldest = band.rstrip("+").partition(_DASH)
    if year is None and oldest:
        return Filter("age", Operator.BETWEEN, (youngest, oldest))
    if year is None:
        return Filter("age", Operator.GREATER_THAN_OR_EQUAL, youngest)
    latest = str(year - int(youngest))
    if oldest:
        return Filter("birth_year", Operator.BETWEEN, (str(year - int(oldest)), latest))
    return Filter("birth_year", Operator.LESS_THAN_OR_EQUAL, latest)


def _bars(
    name: str,
    title: str,
    bars: Sequence[Bar],
    *,
    nothing: str,
    label_of: Callable[[str], str] = str,
) -> str | None:
    """Show the bars, or `nothing`; return the label of the one that was clicked."""
    st.subheader(title, anchor=False)
    if not bars:
        st.caption(nothing)
        return None
    most = max(bars, key=lambda bar: bar.count)
    labels = {_shown(label_of(bar.label)): bar.label for bar in bars}
    counts = [bar.count for bar in bars]
    numbers = pd.DataFrame({title: list(labels), _("Patients"): counts})
    # Once the list is filtered, it is another chart, and nothing is selected in it.
    key = f"patients_chart_{name}"
    drawn = f"{key}_{stamp_of(bars)}"
    what = _("Patients by {what}").format(what=lowered(title))
    choose = _("Show only")
    with choosing_box(what, lambda: numbers, key=key, choose=choose) as picked:
        event = st.vega_lite_chart(
            in_language(of_rows(numbers, _chart(title, numbers))),
            key=drawn,
            height=max(_LEAST_HEIGHT, _BAR_HEIGHT * len(numbers)),
            alt=_("{chart}; most: {label}, {count}").format(
                chart=what, label=label_of(most.label), count=decimal(most.count)
            ),
            on_select="rerun",
            selection_mode=_CLICKED,
        )
    clicked = (event.get("selection") or {}).get(_CLICKED) or []
    label = clicked[0].get(title) if clicked else picked
    return labels.get(str(label))


def _shown(label: str) -> str:
    return label[:1].upper() + label[1:]


def _chart(title: str, numbers: pd.DataFrame) -> Spec:
    """Return bars from zero on, each with its number; without accidental zooming."""
    counted = str(numbers.columns[1])
    longest = max(1, int(numbers[counted].max()))
    encoding = {
        # Room for the number at the end of the longest bar.
        "x": quantitative(counted, axis=None, scale={"domain": [0, longest * _ROOM]}),
        "y": nominal(title, sort=None, title=None, axis=_NAMES_AXIS),
        "tooltip": [nominal(title), quantitative(counted)],
    }
    select = {"type": "point", "fields": [title], "on": "click"}
    bars = {
        "mark": mark("bar", cursor="pointer"),
        "params": [{"name": _CLICKED, "select": select}],
        "encoding": encoding,
    }
    counts = {
        "mark": _NUMBERS,
        "encoding": encoding | {"text": quantitative(counted, format=",")},
    }
    return {"layer": [bars, counts]}
