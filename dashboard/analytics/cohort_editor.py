"""The fields in which a cohort is built: an event, and rules."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

import streamlit as st

from dashboard.analytics import figure_fields
from dashboard.analytics.facet_choice import show_facets, shown_words, typed_words
from dashboard.ui.fields import typed_number, whole_number_field
from dashboard.ui.fields.days import day_field
from dashboard.ui.fields.text_numbers import whole_number_in
from dashboard.ui.language import gettext as _, marked, translated
from dashboard.ui.words import capitalised
from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    EventKind,
    Rule,
    Window,
    WindowSide,
)
from services.analytics.cohorts.checking import validate_event, validate_rule
from services.analytics.cohorts.wording import describe_bounds
from services.analytics.figures import Figure
from services.patients.records.model import SEX_LABELS, Sex

_FILLED: Final = "cohorts_filled"
_RULES: Final = "cohorts_rules"
_ENTRY: Final = "cohorts_entry"
# To these a chosen bar has narrowed the first events.
_BOUNDS: Final = "cohorts_entry_bounds"
_IS_BOUNDED: Final = "cohorts_is_bounded"
_HAD, _HAD_NOT = marked("had"), marked("had no")
_AND, _OR = marked("and"), marked("or")
_SIDES: Final = {
    WindowSide.AFTER: marked("after the first event"),
    WindowSide.BEFORE: marked("before the first event"),
}
_WHOLE: Final = {
    "days": marked("Within days"),
    "from_age": marked("Age from"),
    "to_age": marked("Age to"),
}
_OFTEN: Final = marked("At least this often")
_WITHOUT_CODE: Final = frozenset(
    {
        EventKind.DOCUMENT,
        EventKind.PRESCRIPTION,
        EventKind.REGISTRATION,
        *(kind for kind in EventKind if kind.is_visit),
    }
)
_WORDS: Final = {
    **{kind: marked("Speciality") for kind in EventKind if kind.is_visit},
    EventKind.DOCUMENT: marked("Type"),
}


def fill(question: Cohort | Figure | None) -> None:
    """Fill the fields from a cohort and its figure, once each; None empties them."""
    mark = repr(question)
    if st.session_state.get(_FILLED) == mark:
        return
    st.session_state[_FILLED] = mark
    figure = question if isinstance(question, Figure) else None
    figure_fields.fill(figure)
    cohort = cohort_of(question) or Cohort(entry=CohortEvent(kind=EventKind.DIAGNOSIS))
    _fill_event(_ENTRY, cohort.entry)
    st.session_state[_BOUNDS] = cohort.entry_bounds
    st.session_state[_IS_BOUNDED] = True
    st.session_state["cohorts_sexes"] = list(cohort.sexes)
    st.session_state[_RULES] = []
    for step in cohort.steps:
        for place, rule in enumerate(step):
            _add_rule(rule, _OR if place else _AND)


def cohort_of(question: Cohort | Figure | None) -> Cohort | None:
    """Return the cohort, or the cohort of a figure."""
    return question.cohort if isinstance(question, Figure) else question


def draw() -> None:
    """Draw the fields."""
    st.subheader(_("Entry event"), anchor=False)
    st.caption(
        _(
            "Patients enter on the day of their first event that matches. Text "
            "matches from the beginning of a word; with a code as well, either is "
            "enough."
        )
    )
    _event_fields(_ENTRY)
    if bounds := st.session_state[_BOUNDS]:
        st.checkbox(
            _("By the chosen bar: {bounds}").format(
                bounds=translated(describe_bounds(bounds))
            ),
            key=_IS_BOUNDED,
        )
    st.multiselect(
        _("Sex"),
        list(SEX_LABELS),
        format_func=lambda sex: _(SEX_LABELS[sex]),
        key="cohorts_sexes",
        placeholder=_("All"),
        select_all=False,
    )
    st.subheader(_("Inclusion rules"), anchor=False)
    for place, rule_id in enumerate(st.session_state[_RULES]):
        _rule_fields(rule_id, is_first=place == 0)
    st.button(
        _("Add a rule"), key="cohorts_add", icon=":material/add:", on_click=_add_rule
    )
    figure_fields.draw(EventKind(st.session_state[f"{_ENTRY}_kind"]))


def read() -> Cohort | Figure:
    """Return the contents of the fields; raises InvalidInput."""
    steps: list[tuple[Rule, ...]] = []
    for rule_id in st.session_state[_RULES]:
        rule = _read_rule(rule_id)
        if steps and st.session_state.get(f"{rule_id}_joined") == _OR:
            steps[-1] = (*steps[-1], rule)
        else:
            steps.append((rule,))
    cohort = Cohort(
        entry=_read_event(_ENTRY),
        sexes=tuple(sex for sex in Sex if sex in st.session_state["cohorts_sexes"]),
        steps=tuple(steps),
    )
    if st.session_state.get(_IS_BOUNDED, True):
        cohort = replace(cohort, entry_bounds=st.session_state[_BOUNDS])
    return figure_fields.read(cohort)


def _rule_fields(rule_id: str, *, is_first: bool) -> None:
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if not is_first:
                st.selectbox(
                    _("Joined by"),
                    (_AND, _OR),
                    format_func=_,
                    key=f"{rule_id}_joined",
                    width=90,
                )
            st.selectbox(
                _("Patients who"),
                (_HAD, _HAD_NOT),
                format_func=_,
                key=f"{rule_id}_has",
                width=120,
            )
            whole_number_field(
                _(_OFTEN), field="times", key=f"{rule_id}_times", width=150
            )
            st.text_input(
                _("Within days"),
                key=f"{rule_id}_days",
                placeholder=_("At any time"),
                autocomplete="off",
            )
            st.selectbox(
                _("Counted"),
                list(WindowSide),
                format_func=lambda side: _(_SIDES[side]),
                key=f"{rule_id}_side",
                # At any time is on either side of it.
                disabled=not st.session_state[f"{rule_id}_days"].strip(),
            )
            st.button(
                _("Remove"),
                key=f"{rule_id}_remove",
                icon=":material/close:",
                type="tertiary",
                on_click=_remove_rule,
                args=(rule_id,),
            )
        _event_fields(rule_id, folded=True)


def _event_fields(prefix: str, *, folded: bool = False) -> None:
    kind = EventKind(st.session_state.get(f"{prefix}_kind", EventKind.DIAGNOSIS))
    first, second, third = st.columns((1, 2, 1))
    first.selectbox(
        _("Event"),
        list(EventKind),
        format_func=lambda each: capitalised(_(each.value)),
        key=f"{prefix}_kind",
    )
    if kind.has_words:
        label = _(_WORDS.get(kind, marked("Words")))
        second.text_input(label, key=f"{prefix}_words", autocomplete="off")
    if kind not in _WITHOUT_CODE:
        third.text_input(_("Code"), key=f"{prefix}_code", autocomplete="off")
    if kind is EventKind.VITAL:
        figure_fields.draw_value_bounds(prefix)
    if kind.has_words:
        show_facets(prefix, kind)
    if folded:
        with st.expander(_("Age and days")):
            _age_and_days(prefix)
    else:
        _age_and_days(prefix)


def _age_and_days(prefix: str) -> None:
    columns = st.columns(4)
    for column, name in zip(columns, ("from_age", "to_age"), strict=False):
        label = _(_WHOLE[name])
        column.text_input(label, key=f"{prefix}_{name}", autocomplete="off")
    with columns[2]:
        day_field(_("On or after"), None, key=f"{prefix}_since")
    with columns[3]:
        day_field(_("On or before"), None, key=f"{prefix}_until")


def _read_rule(rule_id: str) -> Rule:
    state = st.session_state
    event = _read_event(rule_id)
    with figure_fields.named_after(rule_id):
        days = _whole(state[f"{rule_id}_days"], "days")
        rule = Rule(
            event=event,
            has=state[f"{rule_id}_has"] == _HAD,
            times=typed_number(_(_OFTEN), "times", state[f"{rule_id}_times"]).whole(),
            within=None
            if days is None
            else Window(days, WindowSide(state[f"{rule_id}_side"])),
        )
        validate_rule(rule)
    return rule


def _read_event(prefix: str) -> CohortEvent:
    def typed(name: str) -> Any:
        return st.session_state.get(f"{prefix}_{name}")

    kind = EventKind(typed("kind"))
    with figure_fields.named_after(prefix):
        event = CohortEvent(
            kind=kind,
            words=typed_words(kind, typed("words") or "") if kind.has_words else "",
            code="" if kind in _WITHOUT_CODE else (typed("code") or "").strip(),
            from_age=_whole(typed("from_age"), "from_age"),
            to_age=_whole(typed("to_age"), "to_age"),
            since=typed("since"),
            until=typed("until"),
        )
        event = figure_fields.with_value_bounds(prefix, event)
        validate_event(event)
    return event


def _fill_event(prefix: str, event: CohortEvent) -> None:
    st.session_state[f"{prefix}_words"] = shown_words(event.kind, event.words)
    for name in ("kind", "code", "since", "until"):
        st.session_state[f"{prefix}_{name}"] = getattr(event, name)
    figure_fields.fill_value_bounds(prefix, event)
    for name in ("from_age", "to_age"):
        age = getattr(event, name)
        st.session_state[f"{prefix}_{name}"] = "" if age is None else str(age)


def _add_rule(rule: Rule | None = None, joined: str = _AND) -> None:
    rule = rule or Rule(event=CohortEvent(kind=EventKind.VISIT), within=Window(90))
    rule_id = f"cohorts_rule_{uuid4().hex[:8]}"
    _fill_event(rule_id, rule.event)
    window = rule.within or Window(1)
    for name, value in (
        ("joined", joined),
        ("has", _HAD if rule.has else _HAD_NOT),
        ("times", rule.times),
        ("days", str(window.days) if rule.within else ""),
        ("side", window.side),
    ):
        st.session_state[f"{rule_id}_{name}"] = value
    st.session_state[_RULES] = [*st.session_state[_RULES], rule_id]


def _remove_rule(rule_id: str) -> None:
    known: Sequence[str] = st.session_state[_RULES]
    st.session_state[_RULES] = [each for each in known if each != rule_id]


def _whole(typed: str | None, name: str) -> int | None:
    return whole_number_in(typed, _WHOLE[name], name)
