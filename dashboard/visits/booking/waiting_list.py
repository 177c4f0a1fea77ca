"""The waiting list: joined when nothing suits, left again, and its entries."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.clock import in_zone, today
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_line
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import day_range, plain
from dashboard.visits.booking.times import DAYS_OF_WEEK, span
from services.core.actors import Permission
from services.core.reasons import LONGEST
from services.visits.booking import waitlist
from services.visits.booking.waitlist import (
    WaitingPatient,
    WaitRecord,
    WaitRequest,
    WaitStatus,
)
from services.visits.schedule.doctors import DoctorRecord

_SECONDS: Final = 5.0
_WEEKS: Final = (2, 4, 8, 12)


def offer_waiting(
    patient_id: UUID, *, doctor: DoctorRecord | None = None, speciality: str = ""
) -> None:
    """Offer a notification when a time of the doctor or speciality frees up."""
    if st.button(
        _("No suitable time? Join the waiting list"),
        key="waiting_join",
        type="tertiary",
        icon=":material/hourglass_top:",
    ):
        _join(patient_id, doctor, speciality)


def show_waiting_list(patient_id: UUID) -> None:
    """Show what the patient waits for, and let them leave."""
    waits = _waits_of(patient_id)
    if waits:
        st.subheader(_("Waiting list"), anchor=False)
    for wait in waits:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            with st.container(width="stretch", gap="xxsmall"):
                st.markdown(_sentence(wait))
                if not wait.is_bookable:
                    st.caption(_("Cannot be booked at the moment"))
            if st.button(_("Leave the list"), key=f"waiting_leave_{wait.id}"):
                _leave(wait)


def _waits_of(patient_id: UUID) -> list[WaitRecord]:
    actor = current_actor()
    everything = read(
        lambda session: waitlist.list_of_patient(session, actor, patient_id),
        keep=("waiting", patient_id),
        seconds=_SECONDS,
    )
    # Offers are shown among the holds.
    return [wait for wait in everything if wait.status is WaitStatus.WAITING]


def _ask_reason_for_one_more(patient_id: UUID) -> str | None:
    """Ask for a reason, if permitted, once the patient is on the maximum of lists."""
    may = current_actor().may(Permission.OVERRIDE_BOOKING)
    if not may or len(_waits_of(patient_id)) < waitlist.MOST_PLACES:
        return None
    st.warning(
        _("This patient is already on {most} waiting lists, so enter a reason.").format(
            most=waitlist.MOST_PLACES
        ),
        icon=":material/gavel:",
    )
    return bounded_line(_("Reason"), key="waiting_override_reason", longest=LONGEST)


def whom_of(wait: WaitRecord | WaitingPatient) -> str:
    """Return whom somebody waits for: a doctor, or any of a speciality."""
    return wait.doctor_name or _("Any doctor, {speciality}").format(
        speciality=wait.speciality
    )


def days_of(wait: WaitRecord | WaitingPatient) -> str:
    """Return the days on which the visit may be, as text."""
    last = in_zone(wait.until_at) - timedelta(microseconds=1)
    return day_range(in_zone(wait.from_at).date(), last.date())


def _sentence(wait: WaitRecord) -> str:
    return f":material/hourglass_top: **{plain(whom_of(wait))}**, {days_of(wait)}"


def _leave(wait: WaitRecord) -> None:
    actor = current_actor()
    write(lambda s: waitlist.leave(s, actor, wait.id))
    notify(
        _("You are no longer on this waiting list.")
        if actor.patient_id
        else _("The patient is no longer on this waiting list."),
        icon="hourglass_disabled",
    )
    st.rerun()


@dialog(marked("Join the waiting list"), icon=":material/hourglass_top:")
def _join(patient_id: UUID, doctor: DoctorRecord | None, speciality: str) -> None:
    with error_boundary():
        whom = (
            doctor.name
            if doctor
            else _("any doctor, {speciality},").format(speciality=speciality)
        )
        st.markdown(
            _(
                "When a time with **{whom}** frees up, it is held for 15 minutes for "
                "whoever has waited longest. They get an e-mail or, without an "
                "address, a call from the front desk."
            ).format(whom=plain(whom))
        )
        weeks = st.selectbox(
            _("How soon?"),
            _WEEKS,
            index=1,
            key="waiting_weeks",
            format_func=lambda weeks: _("Within {weeks} weeks").format(weeks=weeks),
        )
        override = _ask_reason_for_one_more(patient_id)
        if confirmed(_("Join the list"), key="waiting_join_confirm"):
            from_at, until_at = span(today(), weeks * DAYS_OF_WEEK)
            request = WaitRequest(
                patient_id=patient_id,
                from_at=from_at,
                until_at=until_at,
                doctor_id=doctor.id if doctor else None,
                speciality=None if doctor else speciality,
                override_reason=override,
            )
            actor = current_actor()
            write(lambda s: waitlist.join(s, actor, request))
            notify(
                _("You are on the waiting list.")
                if actor.patient_id
                else _("The patient is on the waiting list."),
                icon="hourglass_top",
            )
            st.rerun()
