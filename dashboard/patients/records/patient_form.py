"""The fields of a patient, each with its problem shown beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.ui.language import gettext as _, ngettext
from dashboard.ui.outcomes.field_problems import show_problem
from dashboard.ui.words import read_days, write_day
from services.core.errors import InvalidInput, Problem
from services.patients.records import patients
from services.patients.records.model import (
    FIELDS,
    LISTS,
    SEX_LABELS,
    PatientDraft,
    PatientRecord,
    Sex,
)

_LINES: Final = tuple(
    name for name in FIELDS if name not in {*LISTS, "no_known_allergies"}
)
# Shown side by side, each with the fields that belong to it.
_LISTS: Final = tuple(
    (name, "no_known_allergies") if name == "allergies" else (name,) for name in LISTS
)
_AUTOCOMPLETE: Final = "off"


@dataclass(frozen=True, slots=True)
class TypedPatient:
    """The contents of the form, and the places where problems are shown."""

    values: Mapping[str, Any]
    problems: Mapping[str, DeltaGenerator]

    def draft(self, today: date, *, needs_contact: bool = False) -> PatientDraft | None:
        """Return the checked draft, or None after showing every problem."""
        try:
            return _checked(self.values, today, needs_contact=needs_contact)
        except patients.InvalidPatient as refusal:
            self._show(refusal.problems)
            return None

    def _show(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            name = problem.field
            show_problem(self.problems[name], name, problem.message)
        said = ngettext(
            "Nothing was saved: check the highlighted field.",
            "Nothing was saved: check the {number} highlighted fields.",
            len(problems),
        )
        st.error(said.format(number=len(problems)), icon=":material/error:")


def fill(page: str, draft: PatientDraft | None) -> None:
    """Fill the page's fields from the draft, replacing whatever they contain."""
    for name in FIELDS:
        st.session_state[f"{page}_{name}"] = _as_typed(name, draft)


def begin(page: str, name: str) -> None:
    """Begin the page's form with this name, which is in no address.

    The last name is what comes before a comma or, without one, the last word.
    """
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.rpartition(" ")
    st.session_state[f"{page}_named"] = (first.strip(), last.strip())


def fill_begun(page: str) -> bool:
    """Fill the fields with the name the form was begun with; return whether it was."""
    begun: tuple[str, str] | None = st.session_state.pop(f"{page}_named", None)
    if begun is None:
        return False
    # Anything half typed there is about somebody else.
    fill(page, None)
    for field, name in zip(("first_name", "last_name"), begun, strict=True):
        st.session_state[f"{page}_{field}"] = name
    return True


def opened_version(page: str, patient: PatientRecord) -> PatientRecord:
    """Return the version that the fields were filled from, after filling them if new.

    The form belongs to that version: a later one must not slip under what somebody has
    typed. While nothing has been typed, the form follows the record.
    """
    opened: PatientRecord | None = st.session_state.get(f"{page}_opened")
    if opened is None or opened.id != patient.id or _is_untouched(page, opened.draft()):
        fill(page, patient.draft())
        st.session_state[f"{page}_opened"] = opened = patient
    return opened


def _is_untouched(page: str, draft: PatientDraft) -> bool:
    return all(
        st.session_state.get(f"{page}_{name}") == _as_typed(name, draft)
        for name in FIELDS
    )


def patient_fields(page: str, suggest: Callable[[str], Sequence[str]]) -> TypedPatient:
    """Draw the fields inside the page's form; `suggest` lists known terms of a kind."""
    values: dict[str, Any] = {}
    problems: dict[str, DeltaGenerator] = {}

    def field(name: str) -> None:
        values[name] = _draw(page, name, suggest)
        problems[name] = st.empty()

    for start in range(0, len(_LINES), 2):
        pair = _LINES[start : start + 2]
        for column, name in zip(st.columns(2), pair, strict=False):
            with column:
                field(name)
    for column, names in zip(st.columns(len(_LISTS)), _LISTS, strict=True):
        with column:
            for name in names:
                field(name)
    return TypedPatient(values, problems)


def _draw(page: str, name: str, suggest: Callable[[str], Sequence[str]]) -> Any:
    key, label = f"{page}_{name}", _(FIELDS[name].label)
    if name == "no_known_allergies":
        return st.checkbox(
            _("No known allergies: the patient was asked and named none"),
            key=key,
            persist_state="session",
        )
    if name == "sex":
        return st.selectbox(
            label,
            list(SEX_LABELS),
            format_func=lambda sex: _(SEX_LABELS[sex]),
            key=key,
            persist_state="session",
        )
    if name in LISTS:
        chosen = st.session_state.get(key, [])
        return st.multiselect(
            label,
            [*chosen, *(term for term in suggest(name) if term not in chosen)],
            key=key,
            accept_new_options=True,
            select_all=False,
            placeholder=_("Choose, or type one and press Enter"),
            persist_state="session",
        )
    return st.text_input(
        label,
        key=key,
        help=_(advice) if (advice := FIELDS[name].help) else None,
        # A shared desk: the browser must not offer the last patient's data.
        autocomplete=_AUTOCOMPLETE,
        persist_state="session",
    )


def _as_typed(name: str, draft: PatientDraft | None) -> Any:
    if draft is None:
        empty = {"sex": Sex.UNKNOWN, "no_known_allergies": False}
        return empty.get(name, [] if name in LISTS else "")
    value = getattr(draft, name)
    if name == "date_of_birth":
        return write_day(value)
    return list(value) if name in LISTS else "" if value is None else value


def _checked(
    typed: Mapping[str, Any], today: date, *, needs_contact: bool
) -> PatientDraft:
    """Check everything at once, so that nobody meets the problems one by one."""
    values: dict[str, Any] = {
        name: tuple(value) if name in LISTS else value for name, value in typed.items()
    }
    problems: list[Problem] = []
    try:
        values["date_of_birth"] = _birth(typed["date_of_birth"])
    except InvalidInput as refusal:
        problems.append(Problem(refusal.property_name, refusal.args[0]))
        values["date_of_birth"] = today
    try:
        draft = patients.validate(
            PatientDraft(**values), today, needs_contact=needs_contact
        )
    except patients.InvalidPatient as refusal:
        problems.extend(refusal.problems)
    if problems:
        raise patients.InvalidPatient(*problems)
    return draft


def _birth(text: str) -> date:
    if not text.strip():
        raise InvalidInput("date_of_birth", "Date of birth is missing; enter it.")
    return patients.parse_date_of_birth(read_days(text))
