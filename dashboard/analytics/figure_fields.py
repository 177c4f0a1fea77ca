"""The fields of a figure: by what a cohort is split, and what is counted."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import streamlit as st

from dashboard.analytics.cohort_charts import dimension_name
from dashboard.analytics.facet_choice import shown_words, typed_words
from dashboard.ui.fields.text_numbers import number_as_typed, number_in
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.words import capitalised
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.cohorts.checking import validate_event
from services.analytics.cohorts.statements import comparable_kinds
from services.analytics.figures import (
    MEASURES_WITH_TOTALS,
    Chart,
    Figure,
    FigureMeasure,
    Quantity,
)
from services.analytics.figures.drawing import QUANTITIES
from services.core.errors import InvalidInput
from services.core.sentences import Sentence

_SPLIT: Final = "cohorts_split"
_MEASURE: Final = "cohorts_measure"
_OF: Final = "cohorts_of"
_OF_WORDS: Final = "cohorts_of_words"
# The events that the figure on the page counts: a chosen bar has narrowed them to days
# and ages, which have no fields.
_OF_EVENT: Final = "cohorts_of_event"
# For what is counted, and the entry event, at which a denominator was suggested.
_SUGGESTED_FOR: Final = "cohorts_suggested_for"
_NUMERATOR: Final = "cohorts_numerator"
_NUMERATOR_WORDS: Final = "cohorts_numerator_words"
# As on the page: its code, ages and days have no fields.
_NUMERATOR_EVENT: Final = "cohorts_numerator_event"
_CHART: Final = "cohorts_chart"
_QUANTITY: Final = "cohorts_quantity"
_MEASURES: Final[Mapping[FigureMeasure, str]] = {
    FigureMeasure.SHARE: marked("Share who remain"),
    FigureMeasure.PATIENTS: marked("Patients"),
    FigureMeasure.EVENTS: marked("Events"),
    FigureMeasure.PROPORTION: marked("Share of events"),
    FigureMeasure.DISTRIBUTION: marked("Mean and percentiles"),
}
# A cohort that is not split has the number of its patients alone.
_ONLY_SPLIT: Final = frozenset(
    {FigureMeasure.EVENTS, FigureMeasure.PROPORTION, FigureMeasure.DISTRIBUTION}
)
_CHARTS: Final[Mapping[Chart, str]] = {
    Chart.AUTOMATIC: marked("Automatic"),
    Chart.LINE: marked("Line"),
    Chart.BARS: marked("Bars"),
    Chart.HEAT_MAP: marked("Heat map"),
    Chart.TABLE: marked("Pivot table"),
}
# Of these, people seldom expect only each patient's first event.
_OF_FIRST_EVENTS: Final = frozenset(
    {FigureMeasure.PROPORTION, FigureMeasure.DISTRIBUTION}
)
_FIRST: Final = "first"
_VALUE_BOUNDS: Final = {
    "at_least": marked("Value of at least"),
    "at_most": marked("Value of at most"),
}
# What is most often asked of visits.
_MISSED: Final = EventKind.NO_SHOW


def fill(figure: Figure | None) -> None:
    """Fill the fields from a figure; None empties them."""
    of = figure.of if figure else None
    st.session_state[_SPLIT] = list(figure.by) if figure else []
    st.session_state[_MEASURE] = figure.measure if figure else FigureMeasure.SHARE
    st.session_state[_OF] = of.kind.value if of else _FIRST
    st.session_state[_OF_WORDS] = shown_words(of.kind, of.words) if of else ""
    fill_value_bounds(_OF, of)
    st.session_state[_OF_EVENT] = of
    st.session_state[_SUGGESTED_FOR] = (
        (figure.measure, figure.cohort.entry.kind) if figure else None
    )
    numerator = figure.numerator if figure else None
    st.session_state[_NUMERATOR] = (numerator.kind if numerator else _MISSED).value
    st.session_state[_NUMERATOR_WORDS] = (
        shown_words(numerator.kind, numerator.words) if numerator else ""
    )
    fill_value_bounds(_NUMERATOR, numerator)
    st.session_state[_NUMERATOR_EVENT] = numerator
    st.session_state[_CHART] = figure.chart if figure else Chart.AUTOMATIC
    quantity = figure.quantity if figure else None
    st.session_state[_QUANTITY] = quantity or Quantity.AGE


def draw(entry: EventKind) -> None:
    """Draw the fields of a figure of a cohort with such an entry event."""
    _suggest_denominator(entry)
    st.subheader(_("What to show"), anchor=False)
    split, measure, chart = st.columns((2, 1, 1))
    split.multiselect(
        _("Split by"),
        list(Dimension),
        format_func=dimension_name,
        key=_SPLIT,
        max_selections=2,
        placeholder=_("Nothing"),
        select_all=False,
    )
    measure.selectbox(
        _("What is counted"),
        list(_MEASURES),
        format_func=lambda each: _(_MEASURES[each]),
        key=_MEASURE,
    )
    chart.selectbox(
        _("Chart type"),
        list(_CHARTS),
        format_func=lambda each: _(_CHARTS[each]),
        key=_CHART,
    )
    kind, words = st.columns((1, 1))
    kind.selectbox(
        _("Of which events"),
        (_FIRST, *(each.value for each in EventKind)),
        format_func=_kind_name,
        key=_OF,
    )
    if st.session_state[_OF] != _FIRST:
        words.text_input(_("Only those named"), key=_OF_WORDS, autocomplete="off")
        if st.session_state[_OF] == EventKind.VITAL:
            draw_value_bounds(_OF)
    elif st.session_state[_MEASURE] in _OF_FIRST_EVENTS:
        st.caption(
            _(
                "Of each patient only the first event counts. To include all of them, "
                "such as the waiting times of all visits, choose their kind under *Of "
                "which events*."
            )
        )
    if st.session_state[_MEASURE] is FigureMeasure.PROPORTION:
        of = st.session_state[_OF]
        _draw_numerator(entry if of == _FIRST else EventKind(of))
    if st.session_state[_MEASURE] is FigureMeasure.DISTRIBUTION:
        st.selectbox(
            _("Mean and percentiles of"),
            list(QUANTITIES),
            format_func=lambda each: _(QUANTITIES[each]),
            key=_QUANTITY,
        )


def _suggest_denominator(entry: EventKind) -> None:
    """Choose the events of which a share of visits is most often asked.

    A kept visit is no no-show, and the first visits alone are few. Whoever then chooses
    the first ones keeps them.
    """
    chosen = st.session_state[_MEASURE], entry
    if st.session_state.get(_SUGGESTED_FOR) == chosen:
        return
    st.session_state[_SUGGESTED_FOR] = chosen
    is_proportion = st.session_state[_MEASURE] is FigureMeasure.PROPORTION
    if is_proportion and entry.is_visit and st.session_state[_OF] == _FIRST:
        st.session_state[_OF] = EventKind.KEPT_OR_MISSED.value


def _draw_numerator(whole: EventKind) -> None:
    """Draw the fields for which of these events a proportion counts."""
    kinds = [each.value for each in comparable_kinds(whole)]
    if st.session_state[_NUMERATOR] not in kinds:
        st.session_state[_NUMERATOR] = _MISSED.value if _MISSED in kinds else kinds[0]
    kind, words = st.columns((1, 1))
    kind.selectbox(
        _("Which of them count"), kinds, format_func=_kind_name, key=_NUMERATOR
    )
    words.text_input(
        _("Which of them count, by name"), key=_NUMERATOR_WORDS, autocomplete="off"
    )
    if st.session_state[_NUMERATOR] == EventKind.VITAL:
        draw_value_bounds(_NUMERATOR)


def read(cohort: Cohort) -> Cohort | Figure:
    """Return the figure of a cohort, or the cohort itself if it is not split.

    Raises InvalidInput if something is to be counted that only a figure has.
    """
    by = tuple(st.session_state[_SPLIT])
    measure = st.session_state[_MEASURE]
    if not by:
        if measure not in _ONLY_SPLIT:
            return cohort
        raise InvalidInput(
            _SPLIT,
            Sentence(
                "Choose what to split by as well, such as sex or year: numbers and "
                "shares of events, means and percentiles are of groups."
            ),
        )
    of = None if st.session_state[_OF] == _FIRST else _read_event(_OF)
    is_proportion = measure is FigureMeasure.PROPORTION
    if measure is FigureMeasure.SHARE and not (cohort.steps or of):
        # Without a rule all patients remain.
        measure = FigureMeasure.PATIENTS
    chart = st.session_state[_CHART]
    is_distribution = measure is FigureMeasure.DISTRIBUTION
    return Figure(
        cohort=cohort,
        by=by,
        measure=measure,
        of=of,
        quantity=st.session_state[_QUANTITY] if is_distribution else None,
        numerator=_read_event(_NUMERATOR) if is_proportion else None,
        totals=chart is Chart.TABLE and len(by) > 1 and measure in MEASURES_WITH_TOTALS,
        chart=chart,
    )


def _read_event(field: str) -> CohortEvent:
    """Return the events that are counted, or those of them in the numerator.

    As long as their kind is the same, they stay narrowed as on the page.
    """
    kind = EventKind(st.session_state[field])
    words = typed_words(kind, st.session_state.get(f"{field}_words") or "")
    shown: CohortEvent | None = st.session_state.get(f"{field}_event")
    if shown is None or shown.kind is not kind:
        shown = CohortEvent(kind=kind)
    with named_after(field):
        event = with_value_bounds(field, replace(shown, words=words))
        validate_event(event)
    return event


def fill_value_bounds(prefix: str, event: CohortEvent | None) -> None:
    """Fill the fields for the value of an event; None empties them."""
    for name in _VALUE_BOUNDS:
        bound = getattr(event, name) if event else None
        st.session_state[f"{prefix}_{name}"] = number_as_typed(bound)


def draw_value_bounds(prefix: str) -> None:
    """Draw the fields for the value that an event must have."""
    for column, name in zip(st.columns(2), _VALUE_BOUNDS, strict=True):
        label = _(_VALUE_BOUNDS[name])
        column.text_input(label, key=f"{prefix}_{name}", autocomplete="off")


def with_value_bounds(prefix: str, event: CohortEvent) -> CohortEvent:
    """Return the event with the value that was typed; raises InvalidInput.

    Only vital signs have a value.
    """
    if event.kind is not EventKind.VITAL:
        return replace(event, at_least=None, at_most=None)
    least, most = (
        number_in(st.session_state.get(f"{prefix}_{name}"), label, name)
        for name, label in _VALUE_BOUNDS.items()
    )
    return replace(event, at_least=least, at_most=most)


@contextmanager
def named_after(prefix: str) -> Iterator[None]:
    """Give a refusal the name of its very field: all events share their field names."""
    try:
        yield
    except InvalidInput as refusal:
        place = f"{prefix}_{refusal.property_name}"
        raise InvalidInput(place, refusal.args[0]) from None


def _kind_name(kind: str) -> str:
    if kind == _FIRST:
        return _("The entry event")
    return capitalised(_(EventKind(kind).value))
