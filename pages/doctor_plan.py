"""One doctor for those who manage them: facts, photo, week, and what differs."""

import streamlit as st

from dashboard.context import freshness
from dashboard.navigation import go
from dashboard.net import error_boundary
from dashboard.scheduling.chosen import planned_doctor
from dashboard.scheduling.exceptions import exceptions_of
from dashboard.scheduling.extras import extras_of
from dashboard.scheduling.facts import facts_form
from dashboard.scheduling.photo import photo_form
from dashboard.scheduling.to_move import visits_to_move
from dashboard.scheduling.week import week_form
from dashboard.widgets.page_header import page_header
from dashboard.widgets.words import plain

doctor = planned_doctor()
if doctor is None:
    page_header("Add a doctor")
    with error_boundary():
        facts_form(None)
else:
    with page_header(plain(doctor.name)):
        if st.button("Times to book", key="doctor_plan_times", icon=":material/event:"):
            go("doctor.py", doctor=str(doctor.id))
    visits_to_move(doctor)
    st.subheader("Week", anchor=False)
    with error_boundary():
        week_form(doctor)
    st.subheader("Holidays, special hours and blocked times", anchor=False)
    with error_boundary():
        exceptions_of(doctor)
    st.subheader("Extra slots", anchor=False)
    with error_boundary():
        extras_of(doctor)
    st.subheader("About the doctor", anchor=False)
    with error_boundary():
        facts_form(doctor)
    st.subheader("Photo", anchor=False)
    with error_boundary():
        photo_form(doctor)
    st.caption(freshness())
