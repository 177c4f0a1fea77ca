"""The clinic's doctors, found by name, speciality or city, and when they are free."""

import streamlit as st

from dashboard.context import current_actor, freshness, now
from dashboard.navigation import go
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from dashboard.ui.words import plain
from dashboard.visits.booking.times import about_clocks, shortly
from dashboard.visits.doctors.doctor_listing import doctors_listed
from dashboard.visits.doctors.doctor_table import carried, doctor_table
from services.core.actors import Permission

_MOST = 50

actor = current_actor()
is_manager = actor.may(Permission.MANAGE_DOCTORS)
with page_header(_("Doctors")):
    if is_manager and st.button(_("Add a doctor"), key="doctors_add"):
        go("visits/doctor_plan.py")
search = st.text_input(
    _("Search doctors"),
    key="doctors_search",
    type="search",
    placeholder=_("Name, speciality or city"),
    icon=":material/search:",
    label_visibility="collapsed",
    autocomplete="off",
)
kept = st.session_state.get("doctors_speciality")
with_inactive = is_manager and st.toggle(
    _("Include doctors who cannot be booked"), key="doctors_inactive"
)
specialities, doctors = doctors_listed(
    search or "", kept, with_inactive=with_inactive, limit=_MOST
)
if specialities:
    st.pills(_("Speciality"), specialities, format_func=plain, key="doctors_speciality")
if doctors:
    event = doctor_table(
        doctors, is_managed=is_manager, written_time=shortly, key="doctors_table"
    )
    if event.opened:
        go("visits/doctor.py", doctor=event.opened, **carried())
    if event.action:
        go("visits/doctor_plan.py", doctor=event.action[0])
    st.caption(about_clocks(now()))
    if len(doctors) == _MOST:
        st.caption(
            _("The first {most} by name. Search to see others.").format(most=_MOST)
        )
elif search or kept:
    empty_state(_("No doctor matches. Check the spelling."), icon="search_off")
elif is_manager:
    if empty_state(
        _("No doctor can be booked yet. Add one, then set their working hours."),
        icon="stethoscope",
        action=_("Add a doctor"),
        key="doctors_add_first",
    ):
        go("visits/doctor_plan.py")
elif actor.patient_id:
    empty_state(
        _("No doctor can be booked here yet. Ask the clinic for a visit."),
        icon="stethoscope",
    )
else:
    empty_state(
        _("No doctor can be booked yet. The front desk adds them on this page."),
        icon="stethoscope",
    )
st.caption(freshness())
