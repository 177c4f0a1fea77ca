"""The doctor whose plan a page is about, and the form of the doctor's facts."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.navigation import go
from dashboard.ui.clock import calendar
from dashboard.ui.fields import (
    TypedNumber,
    bounded_line,
    number_field,
    whole_number_field,
)
from dashboard.ui.fields.distinct_labels import distinct_names
from dashboard.ui.fields.versioned_forms import VersionedForm
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.core.errors import NotFound
from services.visits.schedule import doctors
from services.visits.schedule.doctors import DoctorDraft, DoctorRecord
from services.visits.schedule.doctors.rules import LONGEST, SEXES

# An existing doctor, or one who is still to be added.
_Known = DoctorRecord | DoctorDraft

_NOBODY: Final = marked("Nobody")
_SECONDS: Final = 30.0
_LINES: Final = {
    "name": marked("Name"),
    "speciality": marked("Speciality"),
    "email": marked("E-mail"),
    "license_number": marked("License number"),
    "room": marked("Room"),
    "city": marked("City"),
}
_LABELS: Final = _LINES | {
    "sex": marked("Sex"),
    "fee": marked("Fee"),
    "minutes": marked("A visit lasts (minutes)"),
    "user": marked("Signs in as"),
    "active": marked("Can be booked"),
}
_MEANWHILE: Final = "doctor_saved_meanwhile"


def facts_form(doctor: DoctorRecord | None) -> None:
    """Offer to change the doctor's facts, or to add a doctor."""
    names = _clinicians()
    form: VersionedForm[_Known] = VersionedForm(
        f"doctor_facts_{doctor.id if doctor else 'new'}",
        lambda known: _values(known, names),
        lambda known, field: f"doctor_{field}_{_stamp(known)}",
    )
    known = form.open(doctor or DoctorDraft(name="", speciality=""))
    _show_conflict(known)
    with st.form(f"doctor_facts_{_stamp(known)}"):
        draft, minutes = _fields(known, names)
        label = _("Save") if doctor else _("Add the doctor")
        if st.form_submit_button(label, type="primary", key="doctor_plan_save"):
            wanted = replace(draft, slot_minutes=minutes.whole())
            if isinstance(known, DoctorRecord):
                _save(known, wanted, form)
            else:
                _add(wanted)


def _stamp(known: _Known) -> str:
    return f"{known.id}_{known.revision}" if isinstance(known, DoctorRecord) else "new"


def _values(known: _Known, names: Mapping[UUID, str]) -> dict[str, Any]:
    """Return the initial values of the fields, by the names in their keys."""
    return {
        **{name: getattr(known, name) or "" for name in _LINES},
        "sex": known.sex,
        "fee": None if known.fee is None else float(known.fee),
        "minutes": float(known.slot_minutes),
        "user": known.user_id if known.user_id in names else None,
        "active": known.is_active,
    }


def _fields(
    known: _Known, names: Mapping[UUID, str]
) -> tuple[DoctorDraft, TypedNumber]:
    """Draw the fields; return their contents, and how long a visit lasts."""
    stamp = _stamp(known)
    people = distinct_names(names)
    with st.grid(2, min_column_width=240):
        lines: dict[str, Any] = {
            name: bounded_line(
                _(label),
                longest=LONGEST.get(name, 254),
                key=f"doctor_{name}_{stamp}",
            )
            for name, label in _LINES.items()
        }
        sex = st.selectbox(
            _(_LABELS["sex"]),
            SEXES,
            format_func=lambda sex: _(sex.capitalize()),
            key=f"doctor_sex_{stamp}",
        )
        fee = number_field(
            _(_LABELS["fee"]),
            field="fee",
            step=5.0,
            format="%.2f",
            key=f"doctor_fee_{stamp}",
        )
        minutes = whole_number_field(
            _(_LABELS["minutes"]), field="slot_minutes", key=f"doctor_minutes_{stamp}"
        )
        user_id: UUID | None = st.selectbox(
            _(_LABELS["user"]),
            [None, *names],
            format_func=lambda user_id: people.get(user_id, _(_NOBODY)),
            key=f"doctor_user_{stamp}",
            # Streamlit takes None for no selection, and says so in English.
            placeholder=_(_NOBODY),
            help=_("The clinician who sees this doctor's visits as their own."),
        )
        is_active = st.checkbox(_(_LABELS["active"]), key=f"doctor_active_{stamp}")
    # An empty fee means a doctor without one.
    typed_fee = None if fee.value is None else Decimal(str(fee.value))
    draft = DoctorDraft(
        **lines, sex=sex, fee=typed_fee, user_id=user_id, is_active=is_active
    )
    return draft, minutes


def _clinicians() -> dict[UUID, str]:
    actor = current_actor()
    return read(
        lambda session: doctors.list_clinicians(session, actor),
        keep="doctor_clinicians",
        seconds=_SECONDS,
    )


def _add(draft: DoctorDraft) -> None:
    actor = current_actor()
    kept = write(lambda session: doctors.add_doctor(session, actor, draft))
    notify(
        _("{doctor} is added. Set their working hours below.").format(
            doctor=plain(kept.name)
        )
    )
    go("visits/doctor_plan.py", doctor=str(kept.id))


def _save(
    opened: DoctorRecord, draft: DoctorDraft, form: VersionedForm[_Known]
) -> None:
    actor, horizon = current_actor(), calendar()
    try:
        write(
            lambda session: doctors.change_doctor(
                session, actor, opened.id, draft, horizon, revision=opened.revision
            )
        )
    except doctors.StaleDoctor as refusal:
        both = form.follow(opened, refusal.current)
        st.session_state[_MEANWHILE] = (refusal.current.id, tuple(both))
        st.rerun()
    form.close()
    notify(_("The doctor is saved."))
    st.rerun()


def _show_conflict(known: _Known) -> None:
    """Show once that a colleague was quicker, and what both have changed."""
    whose, both = st.session_state.get(_MEANWHILE, (None, ()))
    if not isinstance(known, DoctorRecord) or whose != known.id:
        return
    del st.session_state[_MEANWHILE]
    said = [
        _(
            "Somebody else changed this doctor after you opened the page. What you "
            "typed is below and not saved yet; everything else is as they saved it. "
            "Check it, then save again."
        )
    ]
    if both:
        fields = ", ".join(_(_LABELS[name]) for name in both)
        said.append(_("You both changed: {fields}.").format(fields=plain(fields)))
    st.warning(" ".join(said), icon=":material/sync_problem:")


def planned_doctor() -> DoctorRecord | None:
    """Return the doctor in the address, None for a new one; raises NotFound."""
    named = st.query_params.get("doctor")
    if not named:
        return None
    try:
        doctor_id = UUID(named)
    except ValueError as error:
        raise NotFound(
            "No doctor matches this address. Open the doctor from the list."
        ) from error
    actor = current_actor()
    return read(lambda session: doctors.get_doctor(session, actor, doctor_id))
