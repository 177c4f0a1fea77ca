"""One doctor: who it is, the available times, and a visit booked in two steps."""

from uuid import UUID

import streamlit as st

from dashboard.context import in_zone
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.visits.booking import holding
from dashboard.visits.booking.booked import show_booked
from dashboard.visits.booking.booking_parties import (
    choose_patient_to_book,
    chosen_doctor,
    forget_wanted_time,
    wanted_time,
)
from dashboard.visits.booking.browsing import choose_time
from dashboard.visits.booking.hold_panel import hold_panels
from dashboard.visits.booking.moving import moved_booking, show_moved_visit
from dashboard.visits.booking.repeating import choose_weeks, wanted_weeks
from dashboard.visits.booking.times import shortly
from dashboard.visits.booking.waiting_list import offer_waiting
from dashboard.visits.doctors.doctor_header import doctor_header

doctor = chosen_doctor()
doctor_header(doctor)
wanted = wanted_time()
if wanted:
    st.info(
        _("{wanted} is held as soon as a patient is selected.").format(
            wanted=shortly(wanted[1])
        ),
        icon=":material/event:",
    )
patient_id = choose_patient_to_book()
moved = moved_booking(patient_id) if patient_id else None


def hold(slot_id: UUID) -> None:
    """Hold the slot, in place of the visit that is moved, if any."""
    if patient_id and not moved and wanted_weeks() > 1:
        choose_weeks(slot_id, patient_id, wanted_weeks())
    elif patient_id:
        holding.hold(slot_id, patient_id, replaces_id=moved.id if moved else None)


first = in_zone(wanted[1]).date() if wanted else None


@st.fragment
def show_times() -> None:
    """Look through the weeks; a chosen time is held at once."""
    with error_boundary():
        action = _("Hold") if patient_id and doctor.is_active else ""
        slot_id = choose_time(
            doctor,
            patient_id,
            action=action,
            # A visit that is moved gets a single new time.
            repeats=bool(action) and not moved,
            first=first,
        )
        if slot_id:
            hold(slot_id)
        if action and patient_id:
            offer_waiting(patient_id, doctor=doctor)


if moved:
    show_moved_visit(moved, doctor)
show_booked()
hold_panels(patient_id)
holding.show_refusal()
if next_free := holding.show_lost_race():
    hold(next_free.id)
if wanted and patient_id:
    forget_wanted_time()
    with error_boundary():
        hold(wanted[0])
show_times()
