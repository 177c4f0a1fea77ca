"""A patient's visits: coming ones with their actions, and earlier ones."""

import streamlit as st

from dashboard.context import current_actor, freshness
from dashboard.navigation import go
from dashboard.patients.records.patient_header import patient_header
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from dashboard.ui.words import full_name, plain
from dashboard.visits.appointments.patient_visits import (
    offer_earlier_visits,
    upcoming,
    visits_of,
)
from dashboard.visits.appointments.visits_table import visits_table
from dashboard.visits.booking.booking_parties import patient_of_visits
from dashboard.visits.booking.hold_panel import hold_panels
from dashboard.visits.booking.waiting_list import show_waiting_list

actor, patient = current_actor(), patient_of_visits()
query = {} if actor.patient_id else {"patient": str(patient.id)}
title = (
    _("My visits")
    if actor.patient_id
    else _("Visits of {patient}").format(patient=plain(full_name(patient)))
)


def book() -> None:
    """Go to the page on which visits are booked."""
    go("visits/book.py", **query)


with page_header(title):
    if patient.is_bookable and st.button(
        _("Book a visit"), type="primary", key="visits_book"
    ):
        book()
if not actor.patient_id:
    patient_header(patient, within="visits")
hold_panels(patient.id)
visits = visits_of(patient.id)
ahead = upcoming(visits)
if ahead:
    visits_table(ahead, name=_("Upcoming visits"), key="visits_ahead")
elif empty_state(
    _("No visit is booked."),
    icon="event",
    action=_("Find a time") if patient.is_bookable else "",
    key="visits_find",
):
    book()
show_waiting_list(patient.id)
if earlier := [visit for visit in visits if visit not in ahead]:
    st.subheader(_("Earlier"), anchor=False)
    visits_table(earlier, name=_("Earlier visits"), key="visits_earlier")
offer_earlier_visits(patient.id, visits, page="visits")
st.caption(freshness())
