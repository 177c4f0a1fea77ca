"""The fields that patients correct in their own record, and what was typed in them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.ui.language import gettext as _, ngettext, translated
from dashboard.ui.outcomes.field_problems import show_problem
from dashboard.ui.words import unlinked
from services.patients.records.model import FIELDS, PatientRecord
from services.patients.records.rules import InvalidPatient
from services.people.accounts.own_contact import OwnContact

NAMES: Final = tuple(field.name for field in fields(OwnContact))
_AUTOCOMPLETE: Final = {
    "email": "home email",
    "phone_number": "tel",
    "address": "street-address",
}
_OPENED: Final = "my_contact_opened"
_THEIRS: Final = "my_contact_theirs"
_CURRENT: Final = "my_contact_current"


def opened_record(record: PatientRecord) -> PatientRecord:
    """Return the version that the fields were filled from; fill them if necessary."""
    opened: PatientRecord | None = st.session_state.get(_OPENED)
    if opened is None or opened.id != record.id:
        _open(record)
        return record
    current: PatientRecord | None = st.session_state.pop(_CURRENT, None)
    if current is None:
        return opened
    _follow(opened, current)
    return current


def continue_from(current: PatientRecord) -> None:
    """Have the next run continue from a version that somebody saved meanwhile.

    Typed values stay, with the saved ones shown beside them; untouched fields are
    updated.
    """
    # Fields that are drawn already cannot be filled in the same run.
    st.session_state[_CURRENT] = current


def _follow(opened: PatientRecord, current: PatientRecord) -> None:
    theirs = {}
    for name in NAMES:
        before, now = getattr(opened, name), getattr(current, name)
        if before == now:
            continue
        theirs[name] = now
        if st.session_state.get(_key(name), "") == (before or ""):
            st.session_state[_key(name)] = now or ""
    st.session_state[_OPENED] = current
    st.session_state[_THEIRS] = theirs


def forget() -> None:
    """Forget what was typed, and the version it was based on."""
    for name in (_OPENED, _THEIRS, _CURRENT, *map(_key, NAMES)):
        st.session_state.pop(name, None)


def contact_fields() -> tuple[OwnContact, Mapping[str, DeltaGenerator]]:
    """Draw the fields; return their contents, and the places for their problems."""
    typed: dict[str, str | None] = {}
    problems: dict[str, DeltaGenerator] = {}
    theirs: Mapping[str, str | None] = st.session_state.get(_THEIRS, {})
    for name in NAMES:
        hint = FIELDS[name].help
        typed[name] = st.text_input(
            _(FIELDS[name].label),
            key=_key(name),
            help=_(hint) if hint else None,
            autocomplete=_AUTOCOMPLETE[name],
            persist_state="session",
        )
        if name in theirs:
            st.caption(
                _("Now saved: {value}").format(
                    value=unlinked(theirs[name] or _("Empty"))
                )
            )
        problems[name] = st.empty()
    return OwnContact(**typed), problems


def show_problems(
    refusal: InvalidPatient, places: Mapping[str, DeltaGenerator]
) -> None:
    """Show at each field what is wrong with it."""
    for problem in refusal.problems:
        name = problem.field
        show_problem(places[name], name, translated(problem.message))
    number = len(refusal.problems)
    st.error(
        ngettext(
            "Nothing was saved: check the highlighted field.",
            "Nothing was saved: check the {number} highlighted fields.",
            number,
        ).format(number=number),
        icon=":material/error:",
    )


def _open(record: PatientRecord) -> None:
    forget()
    for name in NAMES:
        st.session_state[_key(name)] = getattr(record, name) or ""
    st.session_state[_OPENED] = record


def _key(name: str) -> str:
    return f"my_contact_{name}"
