"""One doctor for people who manage them: facts, photo, week, and exceptions."""

import streamlit as st

from dashboard.context import freshness
from dashboard.navigation import go
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import name_breadcrumb, page_header
from dashboard.ui.words import plain
from dashboard.visits.schedule.doctor_form import facts_form, planned_doctor
from dashboard.visits.schedule.doctor_photo_form import photo_form
from dashboard.visits.schedule.extra_slots import show_extras
from dashboard.visits.schedule.plan_exceptions import show_exceptions
from dashboard.visits.schedule.visits_to_move import show_visits_to_move
from dashboard.visits.schedule.weekly_plan import week_form

doctor = planned_doctor()
if doctor is None:
    page_header(_("Add a doctor"))
    with error_boundary():
        facts_form(None)
else:
    name_breadcrumb("doctor", doctor.name, doctor=str(doctor.id))
    with page_header(plain(doctor.name)):
        if st.button(
            _("Times to book"), key="doctor_plan_times", icon=":material/event:"
        ):
            go("visits/doctor.py", doctor=str(doctor.id))
    show_visits_to_move(doctor)
    st.subheader(_("Week"), anchor=False)
    with error_boundary():
        week_form(doctor)
    st.subheader(_("Holidays, special hours and blocked times"), anchor=False)
    with error_boundary():
        show_exceptions(doctor)
    st.subheader(_("Extra slots"), anchor=False)
    with error_boundary():
        show_extras(doctor)
    st.subheader(_("About the doctor"), anchor=False)
    with error_boundary():
        facts_form(doctor)
    st.subheader(_("Photo"), anchor=False)
    with error_boundary():
        photo_form(doctor)
    st.caption(freshness())
