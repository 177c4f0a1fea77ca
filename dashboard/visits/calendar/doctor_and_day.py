"""The lists of doctors and days, side by side, in the calendar's dialogs."""

from datetime import date
from uuid import UUID

import streamlit as st

from dashboard.ui.language import day_heading, gettext as _
from dashboard.visits.calendar.period import days_ahead
from dashboard.visits.doctors.doctor_listing import bookable_doctors, doctor_labels


def choose_doctor(key: str) -> UUID | None:
    """Draw the list of the doctors who can be booked; None until one is chosen."""
    names = doctor_labels(bookable_doctors())
    # Nobody is proposed: the first of the alphabet is the wrong one for most visits.
    if st.session_state.get(key) not in names:
        st.session_state[key] = None
    doctor_id: UUID | None = st.selectbox(
        _("Doctor"),
        list(names),
        key=key,
        index=None,
        format_func=names.__getitem__,
        placeholder=_("Choose a doctor"),
        width=220,
    )
    return doctor_id


def choose_day(key: str) -> date:
    """Draw the list of the days around the one in the session under the key."""
    # No date field: its parts are too small a target for a finger (WCAG 2.5.8).
    day: date = st.selectbox(
        _("Day"),
        days_ahead(st.session_state[key]),
        key=key,
        format_func=day_heading,
        width=160,
    )
    return day
