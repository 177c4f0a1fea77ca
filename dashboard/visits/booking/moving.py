"""A visit that is being moved: which one it is, until another time is confirmed."""

from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read
from dashboard.navigation import go
from dashboard.ui.language import gettext as _
from dashboard.visits.booking.times import when
from services.core.errors import NotFound
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingRecord, BookingStatus

_SECONDS = 5.0


def moved_booking() -> BookingRecord | None:
    """Return the booking to be moved according to the address, if it still exists."""
    named = st.query_params.get("moves")
    if not named:
        return None
    try:
        booking_id = UUID(named)
    except ValueError as error:
        raise NotFound(_("No visit that can be moved matches this address.")) from error
    booking = booking_of(booking_id)
    return booking if booking.status is BookingStatus.CONFIRMED else None


def booking_of(booking_id: UUID) -> BookingRecord:
    """Return a booking that this person may see; raises NotFound."""
    actor = current_actor()
    return read(
        lambda session: bookings.get(session, actor, booking_id),
        keep=("booking", booking_id),
        seconds=_SECONDS,
    )


def show_moved_visit(moved: BookingRecord) -> None:
    """Show which visit is moved, and that it stays until the new one is booked."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            _(
                ":material/event_repeat: You are moving the visit of **{starts_at}**. "
                "It "
                "stays booked until you confirm another time."
            ).format(starts_at=when(moved.starts_at)),
            width="stretch",
        )
        if st.button(_("Keep it as it is"), key="doctor_keep_visit"):
            go("visits/visits.py", **_of_patient(moved.patient_id))


def go_and_move(booking: BookingRecord) -> None:
    """Open the doctor's times to move a visit."""
    go(
        "visits/doctor.py",
        doctor=str(booking.doctor_id),
        moves=str(booking.id),
        **_of_patient(booking.patient_id),
    )


def _of_patient(patient_id: UUID) -> dict[str, str]:
    """Return the parameter that names the patient; one's own visit needs none."""
    own = current_actor().patient_id is not None
    return {} if own else {"patient": str(patient_id)}
