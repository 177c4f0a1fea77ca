"""What is held just now: counted down, confirmed, extended once or given back."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.booking.addresses import leaving_url
from dashboard.booking.notice import notice_hours
from dashboard.booking.times import when
from dashboard.context import current_actor, read, write
from dashboard.net import net
from dashboard.widgets.countdown import Countdown, countdown
from dashboard.widgets.notices import notify
from dashboard.widgets.words import plain
from services import bookings
from services.bookings import BookingRecord, BookingStatus
from services.errors import ServiceError

_HOLD_SECONDS: Final = 120.0
_OFFER_SECONDS: Final = 900.0
_LONGEST_NOTE: Final = 500
_HELD: Final = "booking_held"
_BOOKED: Final = "booking_booked"
_PAGE: Final = "booking_page"


def held_for(patient_id: UUID | None) -> tuple[BookingRecord, ...]:
    """Return what this person holds for the patient, the soonest to run out first."""
    actor = current_actor()
    if patient_id is None:
        return ()
    held = read(lambda session: bookings.current_holds(session, actor))
    return tuple(one for one in held if one.patient_id == patient_id)


def holds(held: Sequence[BookingRecord]) -> None:
    """Show what is held, each with its time, or say that one ran out meanwhile."""
    _say_what_ran_out(held)
    st.session_state[_HELD] = {one.id: one for one in held if _is_own(one)}
    for booking in held:
        _hold(booking)


def _is_own(booking: BookingRecord) -> bool:
    """Tell whether this person chose the time: an offer stays when they leave."""
    is_offer = booking.waitlist_id is not None
    return booking.created_by == current_actor().id and not is_offer


@st.fragment
def _hold(booking: BookingRecord) -> None:
    with net(), st.container(border=True, key=f"booking_hold_{booking.id}"):
        moves = ", instead of the visit that you move" if booking.replaces_id else ""
        st.markdown(
            f"**{when(booking.starts_at)}** with **{plain(booking.doctor_name)}** is "
            f"held{moves}. Confirm it to book."
        )
        key = f"booking_countdown_{booking.id}_{booking.renewals}"
        if countdown(_countdown(booking), key=key):
            st.rerun()
        note = st.text_input(
            "What is it about?",
            key=f"booking_note_{booking.id}",
            max_chars=_LONGEST_NOTE,
            placeholder="Optional, for the doctor",
        )
        with st.container(horizontal=True):
            _deeds(booking, note)


def _countdown(booking: BookingRecord) -> Countdown:
    is_offer = booking.waitlist_id is not None
    return Countdown(
        "left to confirm",
        booking.seconds_left or 0.0,
        _OFFER_SECONDS if is_offer else _HOLD_SECONDS,
        leaving=leaving_url(booking.id) if _is_own(booking) else "",
    )


def _deeds(booking: BookingRecord, note: str) -> None:
    actor = current_actor()
    if st.button(
        "Confirm visit",
        type="primary",
        key=f"booking_confirm_{booking.id}",
        icon=":material/check:",
    ):
        # What ran out just now, the page says anew, with the times there are.
        with suppress(bookings.HoldExpired):
            booked = write(lambda s: bookings.confirm(s, actor, booking.id, note=note))
            forget(booking.id)
            st.session_state[_BOOKED] = booked
        st.rerun()
    if not booking.renewals and st.button(
        "2 more minutes", key=f"booking_renew_{booking.id}", icon=":material/more_time:"
    ):
        write(lambda s: bookings.renew(s, actor, booking.id))
        st.rerun()
    if st.button("Give it back", key=f"booking_cancel_{booking.id}"):
        give_back(booking.id)
        st.rerun()


def give_back(booking_id: UUID) -> None:
    """Free what is held, for others to choose."""
    actor, hours = current_actor(), notice_hours()
    forget(booking_id)
    write(lambda s: bookings.cancel(s, actor, booking_id, notice_hours=hours))


def forget(booking_id: UUID) -> None:
    """Say nothing more about a hold that has come to its end on purpose."""
    st.session_state.get(_HELD, {}).pop(booking_id, None)


def take_booked() -> BookingRecord | None:
    """Return what was booked last, until something else is chosen."""
    booked: BookingRecord | None = st.session_state.get(_BOOKED)
    return booked


def forget_booked() -> None:
    """Make room for the next visit."""
    st.session_state.pop(_BOOKED, None)


def stay_on(page: str) -> None:
    """Free what is held when somebody leaves the page for another one of ours.

    The shell says on which page somebody is; what a closed tab held runs out.
    """
    before = st.session_state.get(_PAGE)
    st.session_state[_PAGE] = page
    if before in (None, page):
        return
    held: dict[UUID, BookingRecord] = st.session_state.get(_HELD, {})
    for booking_id in list(held):
        # It may have run out, or the database be away: then it runs out by itself.
        with suppress(ServiceError):
            give_back(booking_id)
            notify("The time you held is free again.", icon="event_available")
    forget_booked()


def _say_what_ran_out(held: Sequence[BookingRecord]) -> None:
    before: dict[UUID, BookingRecord] = st.session_state.get(_HELD, {})
    still = {one.id for one in held}
    actor = current_actor()
    for booking_id, booking in before.items():
        if booking_id in still:
            continue
        now = read(lambda s, id_=booking_id: bookings.get(s, actor, id_))  # type: ignore[misc]
        if now.status is BookingStatus.EXPIRED:
            st.warning(
                f"Your hold on {when(booking.starts_at)} has run out, so the time is "
                "free for everybody. Choose it again if it still is.",
                icon=":material/timer_off:",
            )
