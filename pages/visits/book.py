"""Book a visit: the next free times of a speciality, whichever doctor has them."""

import streamlit as st

from dashboard.navigation import go
from dashboard.ui.error_boundary import fragment_of
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from dashboard.visits.booking import holding
from dashboard.visits.booking.any_doctor import choose_free_time
from dashboard.visits.booking.booked import show_booked
from dashboard.visits.booking.booking_parties import choose_patient_to_book
from dashboard.visits.booking.hold_panel import hold_panels

with page_header(_("Book a visit")):
    if st.button(
        _("Choose a doctor"), key="book_doctors", icon=":material/stethoscope:"
    ):
        go("visits/doctors.py")
patient_id = choose_patient_to_book()
show_booked()
hold_panels(patient_id)
holding.show_refusal()
if (wanted := holding.show_lost_race()) and patient_id:
    holding.hold(wanted.id, patient_id)
fragment_of(choose_free_time)(patient_id)
