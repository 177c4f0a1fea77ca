"""The fields that a cohort is built with: an event, rules, what counts are split by."""

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

import streamlit as st

from dashboard.ui.words import SEXES
from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
    Rule,
    Window,
    WindowSide,
)
from services.core.errors import InvalidInput
from services.patients.records.model import Sex

_FILLED: Final = "cohorts_filled"
_RULES: Final = "cohorts_rules"
_ENTRY: Final = "cohorts_entry"
_HAD, _HAD_NOT = "had", "had no"
_AND, _OR = "and", "or"
_NUMBER: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_WITHOUT_CODE: Final = frozenset(
    {
        EventKind.VISIT,
        EventKind.NO_SHOW,
        EventKind.CANCELLATION,
        EventKind.DOCUMENT,
        EventKind.PRESCRIPTION,
    }
)
_WORDS: Final = {
    EventKind.VISIT: "Speciality",
    EventKind.NO_SHOW: "Speciality",
    EventKind.CANCELLATION: "Speciality",
    EventKind.DOCUMENT: "Type",
}


def fill(cohort: Cohort | None, mark: str) -> None:
    """Put a cohort into the fields, once for each mark; None empties them."""
    if st.session_state.get(_FILLED) == mark:
        return
    st.session_state[_FILLED] = mark
    cohort = cohort or Cohort(entry=CohortEvent(kind=EventKind.DIAGNOSIS))
    _fill_event(_ENTRY, cohort.entry)
    st.session_state["cohorts_sexes"] = list(cohort.sexes)
    st.session_state["cohorts_split"] = list(cohort.split_by)
    st.session_state[_RULES] = []
    for step in cohort.steps:
        for place, rule in enumerate(step):
            _add_rule(rule, _OR if place else _AND)


def draw() -> None:
    """Draw the fields."""
    st.subheader("Who comes in", anchor=False)
    st.caption(
        "Patients come in on the day of the first event that is as you say. Words are "
        "found from the beginning of a word on; with a code as well, either will do."
    )
    _event_fields(_ENTRY)
    left, right = st.columns(2)
    left.multiselect(
        "Sex",
        list(SEXES),
        format_func=SEXES.__getitem__,
        key="cohorts_sexes",
        placeholder="All",
        select_all=False,
    )
    right.multiselect(
        "Split by",
        list(Dimension),
        format_func=str.capitalize,
        key="cohorts_split",
        max_selections=2,
        placeholder="Nothing",
        select_all=False,
    )
    st.subheader("Who of them remains", anchor=False)
    for place, rule_id in enumerate(st.session_state[_RULES]):
        _rule_fields(rule_id, is_first=place == 0)
    st.button(
        "Add a rule", key="cohorts_add", icon=":material/add:", on_click=_add_rule
    )


def read() -> Cohort:
    """Return what stands in the fields; raises InvalidInput."""
    steps: list[tuple[Rule, ...]] = []
    for rule_id in st.session_state[_RULES]:
        rule = _read_rule(rule_id)
        if steps and st.session_state.get(f"{rule_id}_joined") == _OR:
            steps[-1] = (*steps[-1], rule)
        else:
            steps.append((rule,))
    return Cohort(
        entry=_read_event(_ENTRY),
        sexes=tuple(sex for sex in Sex if sex in st.session_state["cohorts_sexes"]),
        steps=tuple(steps),
        split_by=tuple(st.session_state["cohorts_split"]),
    )


def _rule_fields(rule_id: str, *, is_first: bool) -> None:
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if not is_first:
                st.selectbox(
                    "Joined by", (_AND, _OR), key=f"{rule_id}_joined", width=90
                )
            st.selectbox(
                "Patients who", (_HAD, _HAD_NOT), key=f"{rule_id}_has", width=120
            )
            st.number_input(
                "At least so often", 1, 100, key=f"{rule_id}_times", width=150
            )
            st.text_input(
                "Within days",
                key=f"{rule_id}_days",
                placeholder="At any time",
                autocomplete="off",
            )
            st.selectbox(
                "Counted", list(WindowSide), format_func=_side, key=f"{rule_id}_side"
            )
            st.button(
                "Remove",
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
        "Event", list(EventKind), format_func=str.capitalize, key=f"{prefix}_kind"
    )
    second.text_input(
        _WORDS.get(kind, "Words"), key=f"{prefix}_words", autocomplete="off"
    )
    if kind not in _WITHOUT_CODE:
        third.text_input("Code", key=f"{prefix}_code", autocomplete="off")
    if kind is EventKind.VITAL:
        for column, end in zip(st.columns(2), ("least", "most"), strict=True):
            label = f"Value of at {end}"
            column.text_input(label, key=f"{prefix}_at_{end}", autocomplete="off")
    if folded:
        with st.expander("Age and days"):
            _age_and_days(prefix)
    else:
        _age_and_days(prefix)


def _age_and_days(prefix: str) -> None:
    columns = st.columns(4)
    for column, end in zip(columns, ("from", "to"), strict=False):
        column.text_input(f"Age {end}", key=f"{prefix}_{end}_age", autocomplete="off")
    columns[2].date_input("On or after", None, key=f"{prefix}_since")
    columns[3].date_input("On or before", None, key=f"{prefix}_until")


def _read_rule(rule_id: str) -> Rule:
    state = st.session_state
    days = _whole(state[f"{rule_id}_days"], "Within days")
    return Rule(
        event=_read_event(rule_id),
        has=state[f"{rule_id}_has"] == _HAD,
        times=int(state[f"{rule_id}_times"]),
        within=None
        if days is None
        else Window(days, WindowSide(state[f"{rule_id}_side"])),
    )


def _read_event(prefix: str) -> CohortEvent:
    def typed(name: str) -> Any:
        return st.session_state.get(f"{prefix}_{name}")

    kind = EventKind(typed("kind"))
    is_measured = kind is EventKind.VITAL
    return CohortEvent(
        kind=kind,
        words=(typed("words") or "").strip(),
        code="" if kind in _WITHOUT_CODE else (typed("code") or "").strip(),
        at_least=_number(typed("at_least"), "Value of at least")
        if is_measured
        else None,
        at_most=_number(typed("at_most"), "Value of at most") if is_measured else None,
        from_age=_whole(typed("from_age"), "Age from"),
        to_age=_whole(typed("to_age"), "Age to"),
        since=typed("since"),
        until=typed("until"),
    )


def _fill_event(prefix: str, event: CohortEvent) -> None:
    for name in ("kind", "words", "code", "since", "until"):
        st.session_state[f"{prefix}_{name}"] = getattr(event, name)
    for name in ("at_least", "at_most", "from_age", "to_age"):
        number = getattr(event, name)
        st.session_state[f"{prefix}_{name}"] = "" if number is None else f"{number:g}"


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


def _side(side: WindowSide) -> str:
    return f"{side} the first event"


def _whole(typed: str | None, label: str) -> int | None:
    number = _number(typed, label)
    if number is not None and number != int(number):
        raise InvalidInput(label, f"{label} must be a whole number, such as 50.")
    return None if number is None else int(number)


def _number(typed: str | None, label: str) -> float | None:
    text = (typed or "").strip().replace(",", ".")
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise InvalidInput(label, f"{label} must be a number, such as 50.")
    return float(text)
