"""What was booked: when and with whom, its ticket and its calendar file."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor
from dashboard.navigation import go
from dashboard.ui.language import gettext as _
from dashboard.ui.outcomes.landing import landing
from dashboard.ui.words import plain
from dashboard.visits.appointments.visit_addresses import calendar_url, ticket_url
from dashboard.visits.booking.own_holds import forget_booked, last_booked
from dashboard.visits.booking.times import when
from services.visits.booking.bookings import BookingRecord


def show_booked() -> None:
    """Show what was just booked, if anything was, and its actions."""
    booked = last_booked()
    if booked:
        _show(booked)


def _show(booked: Sequence[BookingRecord]) -> None:
    with landing(f"booked_{booked[0].id}", border=True):
        st.badge(_("Booked"), icon=":material/event_available:", color="green")
        sentences = list(map(_sentence, booked))
        # A single visit needs no list.
        st.markdown("- " + "\n- ".join(sentences) if sentences[1:] else sentences[0])
        if any(booking.ended_waits for booking in booked):
            st.caption(_no_longer_waiting())
        with st.container(horizontal=True):
            if len(booked) == 1 and booked[0].appointment_id:
                _files(booked[0].appointment_id)
            if st.button(_visits(), key="booked_visits", icon=":material/event:"):
                _go_to_visits(booked[0].patient_id)
            st.button(
                _("Book another visit"), key="booked_another", on_click=forget_booked
            )


def _sentence(booking: BookingRecord) -> str:
    room = _(", room {room}").format(room=plain(booking.room)) if booking.room else ""
    doctor = plain(booking.doctor_name)
    return _("**{starts_at}** with **{doctor}**{room}").format(
        starts_at=when(booking.starts_at), doctor=doctor, room=room
    )


def _files(appointment_id: UUID) -> None:
    st.link_button(
        _("Ticket"),
        ticket_url(appointment_id),
        key="booked_ticket",
        icon=":material/confirmation_number:",
    )
    st.link_button(
        _("Calendar file"),
        calendar_url(appointment_id),
        key="booked_calendar",
        icon=":material/calendar_add_on:",
    )


def _visits() -> str:
    """Return the name of the list of visits for this person."""
    return _("My visits") if current_actor().patient_id else _("All visits")


def _no_longer_waiting() -> str:
    """Return the sentence that the waiting list has ended with what was booked."""
    if current_actor().patient_id:
        return _("You were waiting for this, so you are off the waiting list.")
    return _("The patient was waiting for this, so they are off the waiting list.")


def _go_to_visits(patient_id: UUID) -> None:
    """Open the patient's visits."""
    own = current_actor().patient_id is not None
    go("visits/visits.py", **({} if own else {"patient": str(patient_id)}))
