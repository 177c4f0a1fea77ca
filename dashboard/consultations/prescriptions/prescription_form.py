"""The lines of a prescription while they are typed, one under the other.

What is typed stays in the fields until the prescription is issued, whatever goes wrong;
`prescription_draft` keeps it beyond this tab.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID, uuid4

import streamlit as st

from dashboard.context import current_actor, known_drugs, read
from dashboard.ui.fields import bounded_area, bounded_line
from dashboard.ui.language import gettext as _, marked, translated
from dashboard.ui.words import plain
from services.consultations.drugs import ROUTES
from services.consultations.prescriptions import (
    DraftPrescription,
    PrescriptionLine,
    PrescriptionRecord,
)
from services.consultations.prescriptions.allergies import (
    find_unrecognised,
    find_warning,
)
from services.consultations.prescriptions.last_orders import find_last
from services.consultations.prescriptions.rules import (
    LONGEST_DRUG,
    LONGEST_FIELD,
    LONGEST_NOTE,
    LONGEST_REASON,
    MOST_LINES,
)

_LINES: Final = "prescription_line_keys"
# The visit that the lines belong to.
_VISIT: Final = "prescription_line_visit"
_NOTE: Final = "prescription_note"
# The id of the draft, and what the form was filled with.
_DRAFT: Final = "prescription_draft_id"
_FILLED: Final = "prescription_filled"
# Whether issuing was refused, so that problems are shown until they are corrected.
_REFUSED: Final = "prescription_refused"
_LONGEST_REPEATS: Final = 2
_EMPTY: Final = PrescriptionLine("", "", "", "")
_BLANK: Final = DraftPrescription((_EMPTY,))
_FIELDS: Final = (
    ("drug", marked("Drug"), "Amoxicillin 500 mg capsules", LONGEST_DRUG),
    ("dose", marked("Dose"), marked("1 capsule"), LONGEST_FIELD),
    ("frequency", marked("Frequency"), marked("3 times a day"), LONGEST_FIELD),
    ("duration", marked("Duration"), marked("7 days"), LONGEST_FIELD),
    ("quantity", marked("Quantity"), marked("21 capsules"), LONGEST_FIELD),
    ("repeats", marked("Repeats"), "0", _LONGEST_REPEATS),
)
# The usual frequencies; any other can be typed.
_FREQUENCIES: Final = (
    marked("Once a day"),
    marked("Twice a day"),
    marked("3 times a day"),
    marked("As needed"),
)
# The fields in which clinicians usually repeat their last prescription.
_AS_LAST: Final = ("dose", "frequency", "duration", "quantity")
_SEARCH: Final = "prescription_find"
_TYPED: Final = (*(name for name, *__ in _FIELDS), "route", "override_reason")
# What is typed stays while another page is looked at; Streamlit would forget it, and
# empty lines would be kept in place of the draft.
_STAYS: Final[dict[str, Any]] = {"persist_state": "session"}


def begin(before: PrescriptionRecord) -> None:
    """Fill the form with what was issued before."""
    # The warning is not part of what is typed: drugs are checked again.
    lines = tuple(replace(line, warning="") for line in before.version.lines)
    issued = DraftPrescription(before.version.lines, before.version.note)
    fill(issued, before.appointment_id, draft_id=uuid4())
    st.session_state[_FILLED] = replace(issued, lines=lines)


def fill(typed: DraftPrescription, visit_id: UUID, *, draft_id: UUID) -> None:
    """Replace the contents of the form."""
    forget()
    keys = [_new_key() for __ in typed.lines]
    st.session_state[_VISIT] = visit_id
    st.session_state[_DRAFT] = draft_id
    st.session_state[_LINES] = keys
    st.session_state[_NOTE] = typed.note
    for key, line in zip(keys, typed.lines, strict=True):
        for name in _TYPED:
            st.session_state[f"{key}_{name}"] = getattr(line, name)
        # The warning for which the reason was typed; it does not answer another
        # warning.
        st.session_state[f"{key}_warned"] = line.warning


def draft_id(visit_id: UUID) -> UUID:
    """Return the draft's id, after emptying the form for another visit."""
    if st.session_state.get(_VISIT) != visit_id:
        forget()
        st.session_state[_VISIT] = visit_id
    known: UUID = st.session_state.setdefault(_DRAFT, uuid4())
    return known


def is_about(visit_id: UUID) -> bool:
    """Return whether the lines in the form belong to this visit."""
    return bool(st.session_state.get(_VISIT) == visit_id)


def remember_refusal() -> None:
    """Have the problems of this form shown from now on."""
    st.session_state[_REFUSED] = True


def was_refused() -> bool:
    """Return whether issuing what this form contains was refused."""
    return bool(st.session_state.get(_REFUSED))


def is_touched(typed: DraftPrescription) -> bool:
    """Return whether the form contains anything that it was not filled with."""
    return bool(typed != st.session_state.get(_FILLED, _BLANK))


def ask(allergies: Sequence[str], taken: Sequence[str]) -> DraftPrescription:
    """Ask for the lines and the note; return them as they are typed now.

    Warnings against a drug are shown as soon as it is typed, and so is which drugs with
    the same substance the patient has already `taken`.
    """
    keys: list[str] = st.session_state.setdefault(_LINES, [_new_key()])
    _show_unchecked_allergies(allergies)
    if len(keys) < MOST_LINES or _without_drug(keys):
        st.selectbox(
            _("Find a drug"),
            known_drugs().offered,
            index=None,
            key=_SEARCH,
            placeholder=_("Type a name; forms and strengths follow"),
            on_change=_take_drug,
            help=_(
                "It is added to the first line without a drug. If a drug is not in "
                "the list, type it into its line."
            ),
        )
    lines: list[PrescriptionLine] = []
    for key in keys:
        lines.append(_ask_line(key, len(keys), allergies, taken, lines))
    if len(keys) < MOST_LINES and st.button(
        _("Add a line"),
        key="prescription_add",
        icon=":material/add:",
        type="tertiary",
    ):
        keys.append(_new_key())
        st.rerun()
    note = bounded_area(
        _("Note for the patient and the pharmacy"),
        key=_NOTE,
        longest=LONGEST_NOTE,
        **_STAYS,
    )
    return DraftPrescription(tuple(lines), note or "")


def typed_last() -> DraftPrescription:
    """Return what the form contains, which is not drawn any more."""
    keys: list[str] = st.session_state.get(_LINES, [])
    lines = (
        PrescriptionLine(
            **{name: st.session_state.get(f"{key}_{name}") or "" for name in _TYPED}
        )
        for key in keys
    )
    note = st.session_state.get(_NOTE) or ""
    return DraftPrescription(tuple(lines), note) if keys else _BLANK


def with_warnings(typed: DraftPrescription) -> DraftPrescription:
    """Return what was typed, each line with the warning its reason answered."""
    keys: list[str] = st.session_state[_LINES]
    warned = (st.session_state.get(f"{key}_warned", "") for key in keys)
    lines = (
        replace(line, warning=warning)
        for line, warning in zip(typed.lines, warned, strict=True)
    )
    return replace(typed, lines=tuple(lines))


def _route_label(route: str) -> str:
    """Return the name of a route in the language of the page; others as typed."""
    return _(route) if route in ROUTES else route


def forget() -> None:
    """Empty the form."""
    for key in [
        key for key in st.session_state if str(key).startswith("prescription_l")
    ]:
        del st.session_state[key]
    for name in (_NOTE, _DRAFT, _FILLED, _REFUSED):
        st.session_state.pop(name, None)


def _show_unchecked_allergies(allergies: Sequence[str]) -> None:
    """Name the allergies that warn only of a drug of the same name."""
    if unread := find_unrecognised(allergies, known_drugs()):
        st.caption(
            _(
                "The list of drugs has no substance or class called {allergies}: you "
                "are warned only about a drug with exactly that name."
            ).format(allergies=", ".join(map(plain, unread)))
        )


def _ask_line(
    key: str,
    count: int,
    allergies: Sequence[str],
    taken: Sequence[str],
    earlier: Sequence[PrescriptionLine],
) -> PrescriptionLine:
    place = len(earlier)
    with st.container(border=True):
        typed = {}
        with st.grid(4, min_column_width=180):
            for name, label, example, longest in _FIELDS:
                typed[name] = bounded_line(
                    _("{field}, line {number}").format(
                        field=_(label), number=place + 1
                    ),
                    key=f"{key}_{name}",
                    longest=longest,
                    placeholder=_(example),
                    on_change=_follow_drug if name == "drug" else None,
                    args=(key,),
                    **_STAYS,
                )
            typed["route"] = _ask_route(key, place)
        if count > 1 and st.button(
            _("Remove line {number}").format(number=place + 1),
            key=f"{key}_remove",
            type="tertiary",
        ):
            st.session_state[_LINES].remove(key)
            st.rerun()
        drug = typed["drug"] or ""
        _show_duplicates(drug, taken, earlier)
        reason = _check_drug(key, drug, allergies)
    return PrescriptionLine(
        **{name: value or "" for name, value in typed.items()}, override_reason=reason
    )


def _ask_route(key: str, place: int) -> str:
    known = str(st.session_state.get(f"{key}_route", ""))
    return st.selectbox(
        _("{field}, line {number}").format(field=_("Route"), number=place + 1),
        # The route of an earlier version stays, even if it is none of these.
        dict.fromkeys(("", *ROUTES, known)),
        format_func=lambda route: _route_label(route) or _("Not stated"),
        key=f"{key}_route",
        persist_state="session",
    )


def _show_duplicates(
    drug: str, taken: Sequence[str], earlier: Sequence[PrescriptionLine]
) -> None:
    """Say what has the same substance: it may be a renewal, or a second dose."""
    drugs = known_drugs()
    words = []
    if known := drugs.duplicates_of(drug, taken):
        words.append(
            _("The patient already takes this substance: {drugs}.").format(
                drugs=", ".join(map(plain, known))
            )
        )
    same = drugs.duplicates_of(drug, [line.drug for line in earlier])
    words += (
        _("Line {number} has the same substance.").format(number=place)
        for place, line in enumerate(earlier, 1)
        if line.drug in same
    )
    if words:
        st.info(" ".join(words), icon=":material/content_copy:")


def _check_drug(key: str, drug: str, allergies: Sequence[str]) -> str:
    """Show the warning against the drug, and return the reason for prescribing it."""
    if not drug.strip():
        return ""
    drugs = known_drugs()
    _offer(key, drugs.forms_of(drug), marked("Dispensed as"))
    _offer_as_last(key, drug)
    if drugs.recognise(drug).is_known and not st.session_state.get(f"{key}_frequency"):
        # Put into the field in the clinician's language, as if typed.
        frequencies = [_(frequency) for frequency in _FREQUENCIES]
        _offer(key, frequencies, marked("Frequency"), field="frequency")
    warning = find_warning(drug, allergies, drugs)
    _ask_anew(key, warning)
    if not warning:
        return ""
    st.warning(plain(translated(warning)), icon=":material/allergy:")
    if before := st.session_state.get(f"{key}_reason_before"):
        st.caption(
            _("Your reason for the previous warning: {reason}").format(
                reason=plain(before)
            )
        )
    _offer(key, drugs.corrections_of(drug), marked("Did you mean"))
    return (
        bounded_line(
            _("Reason for overriding the warning"),
            key=f"{key}_override_reason",
            longest=LONGEST_REASON,
            help=_("It is kept with the prescription."),
            **_STAYS,
        )
        or ""
    )


def _ask_anew(key: str, warning: str) -> None:
    """Clear the reason if it answered another warning than the present one.

    Allergies can be recorded while somebody prescribes. What was typed is still shown.
    """
    before = st.session_state.get(f"{key}_warned")
    reason = st.session_state.get(f"{key}_override_reason")
    if before and before != warning and reason:
        st.session_state[f"{key}_reason_before"] = reason
        del st.session_state[f"{key}_override_reason"]
    st.session_state[f"{key}_warned"] = warning


def _offer(key: str, names: Sequence[str], label: str, *, field: str = "drug") -> None:
    """Offer texts for a field of the line, to replace what is typed there."""
    if not names:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_(label), width="content")
        for place, name in enumerate(names):
            st.button(
                plain(name),
                key=f"{key}_{label}_{place}",
                type="tertiary",
                on_click=_put_drug if field == "drug" else _put_frequency,
                args=(key, name),
            )


def _offer_as_last(key: str, drug: str) -> None:
    """Offer dose and the rest as last time, if they have not been typed yet."""
    if any(st.session_state.get(f"{key}_{name}") for name in _AS_LAST):
        return
    actor = current_actor()
    last = read(lambda s: find_last(s, actor, drug))
    if last is None:
        return
    words = {name: getattr(last, name) for name in _AS_LAST}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("You issued it last as"), width="content")
        st.button(
            ", ".join(map(plain, filter(None, words.values()))),
            key=f"{key}_as_last",
            type="tertiary",
            on_click=_put_as_last,
            args=(key, words),
        )


def _put_as_last(key: str, words: Mapping[str, str]) -> None:
    for name, text in words.items():
        st.session_state[f"{key}_{name}"] = text


def _put_drug(key: str, name: str) -> None:
    st.session_state[f"{key}_drug"] = name
    _follow_drug(key)


def _put_frequency(key: str, frequency: str) -> None:
    st.session_state[f"{key}_frequency"] = frequency


def _take_drug() -> None:
    """Put the drug that was found into the first line without one, or a new one."""
    drug = st.session_state[_SEARCH]
    # Set, not deleted: the browser would go on sending what it shows, with each run.
    st.session_state[_SEARCH] = None
    keys: list[str] = st.session_state[_LINES]
    if not drug:
        return
    empty = _without_drug(keys)
    if not empty:
        keys.append(_new_key())
    _put_drug(empty[0] if empty else keys[-1], drug)


def _without_drug(keys: Sequence[str]) -> list[str]:
    drugs = {key: st.session_state.get(f"{key}_drug") or "" for key in keys}
    return [key for key, drug in drugs.items() if not drug.strip()]


def _follow_drug(key: str) -> None:
    """Clear the reason, and fill in the route if the drug's form implies it.

    A reason for another drug does not apply to this one. A route that somebody has
    chosen stays; one that came from another form is removed.
    """
    for name in ("override_reason", "warned", "reason_before"):
        st.session_state.pop(f"{key}_{name}", None)
    route = known_drugs().route_of(str(st.session_state.get(f"{key}_drug") or ""))
    stated = st.session_state.get(f"{key}_route") or ""
    if stated in {"", st.session_state.get(f"{key}_route_by_form")}:
        st.session_state[f"{key}_route"] = route
        st.session_state[f"{key}_route_by_form"] = route


def _new_key() -> str:
    return f"prescription_line_{uuid4().hex}"
