"""Which doctor's plan a page is about, and the form of what is known about them."""

from dataclasses import replace
from decimal import Decimal
from typing import Final
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
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.core.errors import NotFound
from services.visits.schedule import doctors
from services.visits.schedule.doctors import SLOT_MINUTES, DoctorDraft, DoctorRecord
from services.visits.schedule.doctors.rules import LONGEST, SEXES

_NOBODY: Final = marked("Nobody")
_SECONDS: Final = 30.0


def facts_form(doctor: DoctorRecord | None) -> None:
    """Offer to change what is known of the doctor, or to add one."""
    # What a colleague has saved meanwhile is shown, not what stood here before.
    stamp = f"{doctor.id}_{doctor.revision}" if doctor else "new"
    with st.form(f"doctor_facts_{stamp}"):
        draft, minutes = _fields(doctor, stamp)
        label = _("Save") if doctor else _("Add the doctor")
        if st.form_submit_button(label, type="primary", key="doctor_plan_save"):
            _save(doctor, replace(draft, slot_minutes=minutes.whole()))


def _fields(doctor: DoctorRecord | None, stamp: str) -> tuple[DoctorDraft, TypedNumber]:
    """Draw the fields; return what stands there, and how long a visit lasts."""
    known = doctor or DoctorDraft(name="", speciality="", slot_minutes=SLOT_MINUTES)
    names = _clinicians()

    def line(label: str, name: str) -> str:
        return bounded_line(
            label,
            getattr(known, name) or "",
            longest=LONGEST.get(name, 254),
            key=f"doctor_{name}_{stamp}",
            autocomplete="off",
        )

    with st.grid(2, min_column_width=240):
        draft = DoctorDraft(
            name=line(_("Name"), "name"),
            speciality=line(_("Speciality"), "speciality"),
            email=line(_("E-mail"), "email"),
            license_number=line(_("License number"), "license_number"),
            room=line(_("Room"), "room"),
            city=line(_("City"), "city"),
            sex=st.selectbox(
                _("Sex"),
                SEXES,
                index=SEXES.index(known.sex),
                format_func=lambda sex: _(sex.capitalize()),
                key=f"doctor_sex_{stamp}",
            ),
        )
        fee = _fee(known.fee, stamp)
        minutes = whole_number_field(
            _("A visit lasts (minutes)"),
            known.slot_minutes,
            field="slot_minutes",
            key=f"doctor_minutes_{stamp}",
        )
        user_id = _sign_in(known.user_id, names, stamp)
        is_active = st.checkbox(
            _("Can be booked"), known.is_active, key=f"doctor_active_{stamp}"
        )
    return replace(draft, fee=fee, user_id=user_id, is_active=is_active), minutes


def _fee(known: Decimal | None, stamp: str) -> Decimal | None:
    """Ask for the fee; an emptied field is a doctor without one."""
    typed = number_field(
        _("Fee"),
        None if known is None else float(known),
        field="fee",
        step=5.0,
        format="%.2f",
        key=f"doctor_fee_{stamp}",
    )
    return None if typed.value is None else Decimal(str(typed.value))


def _sign_in(known: UUID | None, names: dict[UUID, str], stamp: str) -> UUID | None:
    offered: list[UUID | None] = [None, *names]
    return st.selectbox(
        _("Signs in as"),
        offered,
        index=offered.index(known) if known in offered else 0,
        format_func=lambda user_id: names.get(user_id, _(_NOBODY)),
        key=f"doctor_user_{stamp}",
        help=_("The clinician who sees this doctor's visits as their own."),
    )


def _clinicians() -> dict[UUID, str]:
    actor = current_actor()
    return read(
        lambda session: doctors.list_clinicians(session, actor),
        keep="doctor_clinicians",
        seconds=_SECONDS,
    )


def _save(doctor: DoctorRecord | None, draft: DoctorDraft) -> None:
    actor, horizon = current_actor(), calendar()
    if doctor is None:
        kept = write(lambda session: doctors.add_doctor(session, actor, draft))
        notify(
            _("{doctor} is added. Say below when they work.").format(
                doctor=plain(kept.name)
            )
        )
        go("visits/doctor_plan.py", doctor=str(kept.id))
    write(
        lambda session: doctors.change_doctor(
            session, actor, doctor.id, draft, horizon, revision=doctor.revision
        )
    )
    notify(_("The doctor is saved."))
    st.rerun()


def planned_doctor() -> DoctorRecord | None:
    """Return the doctor of the address, None for a new one; raises NotFound."""
    named = st.query_params.get("doctor")
    if not named:
        return None
    try:
        doctor_id = UUID(named)
    except ValueError as error:
        raise NotFound(
            "This address names no doctor. Find the doctor in the list first."
        ) from error
    actor = current_actor()
    return read(lambda session: doctors.get_doctor(session, actor, doctor_id))
