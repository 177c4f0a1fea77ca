"""What was booked: when and with whom, its ticket and its calendar file."""

from uuid import UUID

import streamlit as st

from dashboard.booking.addresses import calendar_url, ticket_url
from dashboard.booking.held import forget_booked, take_booked
from dashboard.booking.times import when
from dashboard.context import current_actor
from dashboard.navigation import go
from dashboard.widgets.words import plain
from services.bookings import BookingRecord


def booked_now() -> None:
    """Show what was just booked, if anything was, and what can be done with it."""
    booked = take_booked()
    if booked is not None:
        _show(booked)


def _show(booked: BookingRecord) -> None:
    with st.container(border=True):
        st.badge("Booked", icon=":material/event_available:", color="green")
        room = f", room {plain(booked.room)}" if booked.room else ""
        st.markdown(
            f"**{when(booked.starts_at)}** with **{plain(booked.doctor_name)}**{room}."
        )
        with st.container(horizontal=True):
            if booked.appointment_id:
                _files(booked.appointment_id)
            if st.button(visits_label(), key="booked_visits", icon=":material/event:"):
                go_to_visits(booked.patient_id)
            st.button(
                "Book another visit", key="booked_another", on_click=forget_booked
            )


def _files(appointment_id: UUID) -> None:
    st.link_button(
        "Ticket",
        ticket_url(appointment_id),
        key="booked_ticket",
        icon=":material/confirmation_number:",
    )
    st.link_button(
        "Calendar file",
        calendar_url(appointment_id),
        key="booked_calendar",
        icon=":material/calendar_add_on:",
    )


def visits_label() -> str:
    """Return what the list of visits is called for whoever is here."""
    return "My visits" if current_actor().patient_id else "All visits"


def go_to_visits(patient_id: UUID) -> None:
    """Open the patient's visits."""
    own = current_actor().patient_id is not None
    go("visits.py", **({} if own else {"patient": str(patient_id)}))
