"""The holds of this person now, and what became of earlier ones.

Holds are released as soon as the person leaves the page on which they took them: see
`dashboard.visits.booking.leaving`.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.language import gettext as _
from dashboard.visits.booking.leaving import BOOKED, HELD, OFFERED
from dashboard.visits.booking.times import when
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingRecord, BookingStatus

# Read twice in one run of a page, and no longer true much later.
_SECONDS: Final = 1.0


def holds_of(patient_id: UUID) -> tuple[BookingRecord, ...]:
    """Return this person's holds for the patient, the first to run out first."""
    actor = current_actor()
    held = read(
        lambda session: bookings.current_holds(session, actor),
        keep=("holds", actor.id),
        seconds=_SECONDS,
    )
    return tuple(booking for booking in held if booking.patient_id == patient_id)


def held_ids() -> frozenset[UUID]:
    """Return the bookings that this person held when the page was last drawn."""
    return frozenset(st.session_state.get(HELD, {}))


def show_expired_holds(patient_id: UUID, held: Sequence[BookingRecord]) -> None:
    """Show the holds that ran out since the last call, and remember those of now."""
    before: dict[UUID, BookingRecord] = st.session_state.get(HELD, {})
    others = {
        booking.id: booking
        for booking in before.values()
        if booking.patient_id != patient_id
    }
    own = {booking.id: booking for booking in held if is_own(booking)}
    st.session_state[HELD] = others | own
    still = others.keys() | {booking.id for booking in held}
    offered: dict[UUID, BookingRecord] = st.session_state.get(OFFERED, {})
    st.session_state[OFFERED] = {
        booking.id: booking for booking in held if not is_own(booking)
    }
    offered_here = [each for each in offered.values() if each.patient_id == patient_id]
    for booking in (*before.values(), *offered_here):
        if booking.id not in still and _ran_out(booking.id):
            st.warning(_expired(booking), icon=":material/timer_off:")


def _expired(booking: BookingRecord) -> str:
    said = (
        _(
            "The offer of {starts_at} from the waiting list has expired. Choose the "
            "time again if it is still free, or join the waiting list again."
        )
        if booking.waitlist_id
        else _(
            "Your hold on {starts_at} has expired. Choose the time again if it is "
            "still free."
        )
    )
    return said.format(starts_at=when(booking.starts_at))


def is_own(booking: BookingRecord) -> bool:
    """Return whether this person chose the time: an offer stays when they leave."""
    is_offer = booking.waitlist_id is not None
    return booking.created_by == current_actor().id and not is_offer


def release_holds(held: Sequence[BookingRecord]) -> None:
    """Release holds, for others to choose."""
    actor = current_actor()
    for booking in held:
        _forget(booking.id)
        write(lambda s, b=booking: bookings.release(s, actor, b.id))  # type: ignore[misc]


def note_booked(booked: Sequence[BookingRecord]) -> None:
    """Remember the last booked visits, until something else is chosen."""
    for booking in booked:
        _forget(booking.id)
    st.session_state[BOOKED] = tuple(booked)


def last_booked() -> tuple[BookingRecord, ...]:
    """Return the visits that were booked last."""
    booked: tuple[BookingRecord, ...] = st.session_state.get(BOOKED, ())
    return booked


def forget_booked() -> None:
    """Forget the last booked visits, to make room for the next."""
    st.session_state.pop(BOOKED, None)


def _forget(booking_id: UUID) -> None:
    """Forget a hold that was ended on purpose, so that nothing is said about it."""
    for shown in (HELD, OFFERED):
        st.session_state.get(shown, {}).pop(booking_id, None)


def _ran_out(booking_id: UUID) -> bool:
    """Return whether the hold ran out: it may be confirmed or released elsewhere."""
    actor = current_actor()
    now = read(lambda session: bookings.get(session, actor, booking_id))
    return now.status is BookingStatus.EXPIRED
