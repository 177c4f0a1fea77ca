"""A visit that is being moved: which one it is, until another time is confirmed."""

from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read
from dashboard.navigation import go
from dashboard.ui.language import gettext as _
from dashboard.visits.booking.times import when
from dashboard.visits.doctors.doctor_listing import bookable_doctors, described_labels
from services.core.errors import NotFound
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingRecord, BookingStatus
from services.visits.schedule.doctors import DoctorRecord

_SECONDS: Final = 5.0
_DOCTOR_WIDTH: Final = 320


def moved_booking(patient_id: UUID) -> BookingRecord | None:
    """Return the patient's booking that the address says is moved, if it still stands.

    Whoever chooses another patient meanwhile books a visit for that one.
    """
    named = st.query_params.get("moves")
    if not named:
        return None
    try:
        booking_id = UUID(named)
    except ValueError as error:
        raise NotFound(_("No visit that can be moved matches this address.")) from error
    booking = booking_of(booking_id)
    stands = booking.status is BookingStatus.CONFIRMED
    return booking if stands and booking.patient_id == patient_id else None


def booking_of(booking_id: UUID) -> BookingRecord:
    """Return a booking that this person may see; raises NotFound."""
    actor = current_actor()
    return read(
        lambda session: bookings.get(session, actor, booking_id),
        keep=("booking", booking_id),
        seconds=_SECONDS,
    )


def show_moved_visit(moved: BookingRecord, shown: DoctorRecord) -> None:
    """Show which visit is moved, and that it stays until the new one is booked.

    Another doctor than the `shown` one can be chosen for it, because its own may have
    no times any more.
    """
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            _(
                ":material/event_repeat: You are moving the visit of **{starts_at}**. "
                "It stays booked until you confirm another time."
            ).format(starts_at=when(moved.starts_at)),
            width="stretch",
        )
        chosen = _choose_doctor(shown)
        if st.button(_("Keep it as it is"), key="doctor_keep_visit"):
            go("visits/visits.py", **_of_patient(moved.patient_id))
    if chosen != shown.id:
        _go_to_times(chosen, moved)


def _choose_doctor(shown: DoctorRecord) -> UUID:
    """Draw the list of doctors, those of the same speciality first; return one."""
    others = sorted(
        bookable_doctors(), key=lambda doctor: doctor.speciality != shown.speciality
    )
    labels = described_labels((shown, *others))
    return st.selectbox(
        _("Doctor"),
        list(labels),
        format_func=labels.__getitem__,
        key=f"doctor_moved_to_{shown.id}",
        width=_DOCTOR_WIDTH,
    )


def go_and_move(booking: BookingRecord) -> None:
    """Open the doctor's times to move a visit."""
    _go_to_times(booking.doctor_id, booking)


def _go_to_times(doctor_id: UUID, booking: BookingRecord) -> None:
    go(
        "visits/doctor.py",
        doctor=str(doctor_id),
        moves=str(booking.id),
        **_of_patient(booking.patient_id),
    )


def _of_patient(patient_id: UUID) -> dict[str, str]:
    """Return the parameter that names the patient; one's own visit needs none."""
    own = current_actor().patient_id is not None
    return {} if own else {"patient": str(patient_id)}
