"""A cohort's attrition, as a chart with its numbers as a table."""

from typing import Final

import pandas as pd
import streamlit as st

from dashboard.ui.chart_tools import chart_box
from dashboard.ui.chart_tools.vega_lite import (
    MUTED,
    Spec,
    mark,
    nominal,
    of_rows,
    quantitative,
)
from dashboard.ui.language import decimal, gettext as _, marked, percent, translated
from dashboard.ui.language.chart_locale import in_language
from dashboard.ui.words import capitalised
from services.analytics.cohorts import (
    CohortCount,
    CohortResult,
    Dimension,
    SuppressionReason,
)
from services.analytics.cohorts.wording import step_phrases
from services.analytics.figures.drawing import COLOURS, name_of

_SUPPRESSED: Final = marked("suppressed")
_ROW: Final = 44
_ROOM: Final = 1.3
# The text of a step is above its bar: beside it, a phone would have no room left.
_BAR: Final = 16
_BELOW: Final = 10
_ABOVE: Final = -8
_PLACES: Final = ("x", "y", "xOffset", "yOffset")


def show_attrition(result: CohortResult) -> None:
    """Show how many remain after each step, as a funnel and as a table."""
    st.subheader(_("How many remain"), anchor=False)
    steps = result.attrition
    # A disclosed result is kept as text without its values, so the text is made again.
    said = [capitalised(translated(words)) for words in step_phrases(result.cohort)]
    step_title, patients_title = _("Step"), _("Patients")
    frame = pd.DataFrame(
        {
            step_title: [f"{n}. {words}" for n, words in enumerate(said, start=1)],
            patients_title: [
                count_text(step.remaining, result.smallest_group) for step in steps
            ],
            _("Share of the first"): [
                _share_of_first(result, n) for n in range(len(steps))
            ],
        }
    )
    # A chart of steps without a number would have no bar.
    is_drawn = any(step.remaining.number is not None for step in steps)
    if not is_drawn:
        st.caption(_("No number of patients may be shown; the table says why."))
    with chart_box(
        _("Attrition"), lambda: frame, key="cohorts_attrition", is_table=not is_drawn
    ):
        if is_drawn:
            _draw_funnel(result, frame, step_title, patients_title)


def _draw_funnel(
    result: CohortResult, frame: pd.DataFrame, step_title: str, patients_title: str
) -> None:
    numbers = [step.remaining.number or 0 for step in result.attrition]
    spec = _funnel(step_title, patients_title, longest=max([1, *numbers]) * _ROOM)
    st.vega_lite_chart(
        in_language(of_rows(frame.assign(number=numbers), spec)),
        height=_ROW * len(frame) + 20,
        alt="; ".join(
            f"{step}: {patients}"
            for step, patients in zip(
                frame[step_title], frame[patients_title], strict=True
            )
        ),
    )


def dimension_name(dimension: Dimension) -> str:
    """Return the name of a dimension, as the head of a column."""
    return capitalised(_(dimension.value))


def value_name(value: str) -> str:
    """Return a value of a dimension, as the beginning of a line."""
    ours = name_of(Dimension.SEX, value)
    return capitalised(value) if ours is None else _(ours)


def count_text(count: CohortCount, least: int) -> str:
    """Return the number of patients as text, or why it is hidden."""
    if count.number is not None:
        return decimal(count.number)
    if count.hidden is SuppressionReason.NEARLY_ALL:
        return _("all but fewer than {least}").format(least=least)
    if count.hidden is SuppressionReason.DECIDED_BY_FEW:
        return _("hidden: a rule changes it by fewer than {least}").format(least=least)
    return _("fewer than {least}").format(least=least)


def _funnel(step_title: str, patients_title: str, *, longest: float) -> Spec:
    """Return a bar for each step, below its text and beside its number of patients."""
    encoding: Spec = {
        "y": nominal(step_title, sort=None, axis=None),
        "x": quantitative("number", axis=None, scale={"domain": [0, longest]}),
        "tooltip": [nominal(step_title), nominal(patients_title)],
    }
    bar = mark("bar", color=COLOURS[0], size=_BAR)
    text = mark("text", align="left", color=MUTED)
    return {
        "layer": [
            {"mark": bar | {"yOffset": _BELOW}, "encoding": encoding},
            {
                "mark": text | {"dy": _ABOVE},
                "encoding": encoding | {"x": {"value": 0}, "text": nominal(step_title)},
            },
            {
                "mark": text | {"dx": 4, "dy": _BELOW},
                "encoding": encoding | {"text": nominal(patients_title)},
            },
        ]
    }


def _share_of_first(result: CohortResult, place: int) -> str:
    first, here = (result.attrition[n].remaining.number for n in (0, place))
    return percent_text(here / first if first and here is not None else None)


def number_text(number: int | None) -> str:
    """Return a number that may be hidden, as text."""
    return _(_SUPPRESSED) if number is None else decimal(number)


def percent_text(share: float | None) -> str:
    """Return a share that may be hidden, as text."""
    return _(_SUPPRESSED) if share is None else percent(share, 1)


def suppressed_numbers(encoding: Spec, shown: str) -> Spec:
    """Return the layer that says where a number is suppressed: nothing would be zero.

    `encoding` is that of the numbers in the column `shown`. Horizontal bars have room
    for the word.
    """
    placed = {place: dict(encoding[place]) for place in _PLACES if place in encoding}
    text = "×"
    shift: Spec = {}
    for place in ("x", "y"):
        if placed[place]["field"] == shown:
            del placed[place]["field"]
            placed[place]["datum"] = 0
            shift = {"dx": 4, "align": "left"} if place == "x" else {"dy": -8}
            text = _(_SUPPRESSED) if place == "x" else text
    tips = [tip for tip in encoding["tooltip"] if tip["field"] != shown]
    return {
        "transform": [{"filter": f"datum['{shown}'] === null"}],
        "mark": mark("text", text=text, color=MUTED, **shift),
        "encoding": placed | {"tooltip": tips},
    }
