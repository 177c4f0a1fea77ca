"""The lines of a prescription as they are typed, one under the other.

What is typed stays in the fields until the prescription is issued, whatever goes wrong;
`prescription_draft` keeps it beyond this tab.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID, uuid4

import streamlit as st

from services.consultations.prescriptions import (
    DraftPrescription,
    PrescriptionLine,
    PrescriptionRecord,
)
from services.consultations.prescriptions.errors import AllergyMatches
from services.consultations.prescriptions.rules import (
    LONGEST_DRUG,
    LONGEST_FIELD,
    LONGEST_NOTE,
    LONGEST_REASON,
    MOST_LINES,
)

_LINES: Final = "prescription_line_keys"
# Of which visit they are.
_VISIT: Final = "prescription_line_visit"
_WARNINGS: Final = "prescription_warnings"
_NOTE: Final = "prescription_note"
# Under what it is kept while it is typed, and what was in the form before.
_DRAFT: Final = "prescription_draft_id"
_FILLED: Final = "prescription_filled"
_EMPTY: Final = PrescriptionLine("", "", "", "")
_BLANK: Final = DraftPrescription((_EMPTY,))
_FIELDS: Final = (
    ("drug", "Drug", "Amoxicillin 500 mg capsules", LONGEST_DRUG),
    ("dose", "Dose", "1 capsule", LONGEST_FIELD),
    ("frequency", "How often", "3 times a day", LONGEST_FIELD),
    ("duration", "For how long", "7 days", LONGEST_FIELD),
)


def begin(before: PrescriptionRecord) -> None:
    """Begin with what was issued before."""
    # Its warning is no part of what is typed: it is found anew.
    lines = tuple(replace(line, warning="") for line in before.version.lines)
    issued = DraftPrescription(lines, before.version.note)
    fill(issued, before.appointment_id, draft_id=uuid4())
    st.session_state[_FILLED] = issued


def fill(typed: DraftPrescription, visit_id: UUID, *, draft_id: UUID) -> None:
    """Put this into the form, in place of what stands there."""
    forget()
    keys = [_new_key() for _ in typed.lines]
    st.session_state[_VISIT] = visit_id
    st.session_state[_DRAFT] = draft_id
    st.session_state[_LINES] = keys
    st.session_state[_NOTE] = typed.note
    for key, line in zip(keys, typed.lines, strict=True):
        for name in (*(name for name, *_ in _FIELDS), "override_reason"):
            st.session_state[f"{key}_{name}"] = getattr(line, name)


def draft_id(visit_id: UUID) -> UUID:
    """Return under what the form's words are kept, emptying it for another visit."""
    if st.session_state.get(_VISIT) != visit_id:
        forget()
        st.session_state[_VISIT] = visit_id
    known: UUID = st.session_state.setdefault(_DRAFT, uuid4())
    return known


def is_touched(typed: DraftPrescription) -> bool:
    """Tell whether anything stands in the form that was not there in the beginning."""
    return bool(typed != st.session_state.get(_FILLED, _BLANK))


def ask() -> DraftPrescription:
    """Ask for the lines and the note; return them as they are typed now."""
    keys: list[str] = st.session_state.setdefault(_LINES, [_new_key()])
    lines = [_line(key, place, len(keys)) for place, key in enumerate(keys)]
    if len(keys) < MOST_LINES and st.button(
        "Add a line", key="prescription_add", icon=":material/add:", type="tertiary"
    ):
        keys.append(_new_key())
        st.rerun()
    note = st.text_area(
        "Note for the patient and the pharmacy", key=_NOTE, max_chars=LONGEST_NOTE
    )
    return DraftPrescription(tuple(lines), note or "")


def warn(refusal: AllergyMatches) -> None:
    """Say below the lines what stands against them, and ask for reasons."""
    keys: Sequence[str] = st.session_state[_LINES]
    st.session_state[_WARNINGS] = {
        keys[index]: words for index, words in refusal.warnings
    }


def forget() -> None:
    """Empty the form."""
    for key in [
        key for key in st.session_state if str(key).startswith("prescription_l")
    ]:
        del st.session_state[key]
    for name in (_WARNINGS, _NOTE, _DRAFT, _FILLED):
        st.session_state.pop(name, None)


def _line(key: str, place: int, count: int) -> PrescriptionLine:
    with st.container(border=True):
        typed = {}
        with st.grid(4, min_column_width=180):
            for name, label, example, longest in _FIELDS:
                typed[name] = st.text_input(
                    f"{label}, line {place + 1}",
                    key=f"{key}_{name}",
                    max_chars=longest,
                    placeholder=example,
                )
        if count > 1 and st.button(
            f"Remove line {place + 1}", key=f"{key}_remove", type="tertiary"
        ):
            st.session_state[_LINES].remove(key)
            st.rerun()
        reason = _reason(key)
    return PrescriptionLine(
        **{name: value or "" for name, value in typed.items()}, override_reason=reason
    )


def _reason(key: str) -> str:
    """Ask why the drug is right all the same, where an allergy matches."""
    words = st.session_state.get(_WARNINGS, {}).get(key)
    known = str(st.session_state.get(f"{key}_override_reason", ""))
    if not words and not known:
        return ""
    if words:
        st.error(words, icon=":material/allergy:")
    return (
        st.text_input(
            "Why it is right all the same",
            key=f"{key}_override_reason",
            max_chars=LONGEST_REASON,
            help="It is kept with the prescription.",
        )
        or ""
    )


def _new_key() -> str:
    return f"prescription_line_{uuid4().hex}"
