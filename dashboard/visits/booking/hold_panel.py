"""The holds, counted down: to be confirmed, extended once or released."""

from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.context import current_actor, write
from dashboard.ui.countdown import Countdown, countdown
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_line
from dashboard.ui.language import gettext as _
from dashboard.ui.outcomes.landing import landing
from dashboard.ui.words import plain
from dashboard.visits.appointments.visit_addresses import leaving_url
from dashboard.visits.booking.leaving import NOTE
from dashboard.visits.booking.moving import booking_of
from dashboard.visits.booking.own_holds import (
    holds_of,
    is_own,
    note_booked,
    release_holds,
    show_expired_holds,
)
from dashboard.visits.booking.times import clock, when
from services.core.actors import Permission
from services.core.reasons import LONGEST
from services.visits.booking import bookings
from services.visits.booking.bookings import HOLD_SECONDS, BookingRecord
from services.visits.booking.bookings.errors import HoldExpired
from services.visits.booking.bookings.rules import LONGEST_NOTE, OFFER_SECONDS


def hold_panels(patient_id: UUID | None) -> None:
    """Show the holds for the patient; a series is confirmed together."""
    if patient_id:
        held = holds_of(patient_id)
        show_expired_holds(patient_id, held)
        _panels(patient_id, frozenset(booking.id for booking in held))


@st.fragment
def _panels(patient_id: UUID, drawn: frozenset[UUID]) -> None:
    with error_boundary():
        # Read again each time: less time is left than when the page was drawn.
        held = holds_of(patient_id)
        for __, of_series in groupby(sorted(held, key=_series), key=_series):
            _panel(tuple(of_series))
        # Last, so that a click in a panel that still exists is handled first.
        if {booking.id for booking in held} != drawn:
            st.rerun()


def _series(booking: BookingRecord) -> str:
    return str(booking.series_id or booking.id)


def _panel(held: Sequence[BookingRecord]) -> None:
    first = held[0]
    with landing(f"held_{first.id}", border=True):
        st.markdown(_sentence(held))
        key = f"booking_countdown_{first.id}_{first.renewals}"
        if countdown(_countdown(held), key=key):
            st.rerun()
        _begin_with_note(first)
        # No form, which would send the note only with its button: another time that is
        # chosen meanwhile begins with it. `keys.js` lets Enter press the button.
        with st.container(key=f"on_enter_{_confirm_key(first)}"):
            note = bounded_line(
                _("What is the visit at {starts_at} about?").format(
                    starts_at=clock(first.starts_at)
                ),
                key=f"booking_note_{first.id}",
                longest=LONGEST_NOTE,
                placeholder=_("Optional, for the doctor"),
            )
        # An offer is not a time that is exchanged for another.
        if not first.waitlist_id:
            st.session_state[NOTE] = (first.patient_id, note)
        with st.container(horizontal=True):
            _offer_actions(held, note)


def _begin_with_note(held: BookingRecord) -> None:
    """Begin with the note typed for the previous time, or that of the moved visit.

    People who choose another time, or were too slow for one, need not type it again.
    """
    key = f"booking_note_{held.id}"
    if key in st.session_state or held.waitlist_id:
        return
    whose, note = st.session_state.get(NOTE, (None, ""))
    if whose != held.patient_id:
        note = ""
    if not note and held.replaces_id:
        note = held.note or booking_of(held.replaces_id).note
    if note:
        st.session_state[key] = note


def _sentence(held: Sequence[BookingRecord]) -> str:
    first = held[0]
    doctor = plain(first.doctor_name)
    if first.waitlist_id:
        return _(
            "From the waiting list: **{starts_at}** with **{doctor}** is held."
        ).format(starts_at=when(first.starts_at), doctor=doctor)
    if len(held) == 1:
        moves = _(", replacing the visit you are moving") if first.replaces_id else ""
        return _("**{starts_at}** with **{doctor}** is held{moves}.").format(
            starts_at=when(first.starts_at), doctor=doctor, moves=moves
        )
    lines = "\n".join(f"- {when(booking.starts_at)}" for booking in held)
    return _("{count} visits with **{doctor}** are held:\n\n{lines}").format(
        count=len(held), doctor=doctor, lines=lines
    )


def _countdown(held: Sequence[BookingRecord]) -> Countdown:
    first = min(held, key=lambda booking: booking.seconds_left or 0.0)
    return Countdown(
        _("left to confirm"),
        first.seconds_left or 0.0,
        OFFER_SECONDS if first.waitlist_id else HOLD_SECONDS,
        leaving=tuple(leaving_url(booking.id) for booking in held if is_own(booking)),
    )


def _offer_actions(held: Sequence[BookingRecord], note: str) -> None:
    first, many = held[0], len(held) > 1
    is_confirmed = st.button(
        _("Confirm {count} visits").format(count=len(held))
        if many
        else _("Confirm visit"),
        type="primary",
        key=_confirm_key(first),
        icon=":material/check:",
    )
    _offer_more_time(held)
    if st.button(_("Release"), key=f"booking_cancel_{first.id}"):
        release_holds(held)
        st.rerun()
    # Last: a time that cannot be confirmed can still be released.
    if is_confirmed:
        _confirm(held, note)
        st.rerun()


def _confirm_key(first: BookingRecord) -> str:
    return f"booking_confirm_{first.id}"


def _confirm(held: Sequence[BookingRecord], note: str) -> None:
    """Turn holds into visits: of a series all or none, in one transaction."""
    actor, first = current_actor(), held[0]

    def confirm(session: Session) -> tuple[BookingRecord, ...]:
        if first.series_id and len(held) > 1:
            return bookings.confirm_series(session, actor, first.series_id, note=note)
        return (bookings.confirm(session, actor, first.id, note=note),)

    # If the hold just ran out, the rerun page says so, with the free times.
    with suppress(HoldExpired):
        note_booked(write(confirm))
        st.session_state.pop(NOTE, None)


def _offer_more_time(held: Sequence[BookingRecord]) -> None:
    """Offer two more minutes: once, or repeatedly to people who may give a reason."""
    first, actor = held[0], current_actor()
    if not first.renewals:
        if st.button(
            _("2 more minutes"),
            key=f"booking_renew_{first.id}",
            icon=":material/more_time:",
        ):
            _renew(held, None)
    elif actor.may(Permission.OVERRIDE_BOOKING):
        with st.popover(
            _("2 more minutes, overriding the rules"), icon=":material/gavel:"
        ):
            reason = bounded_line(
                _("Reason"),
                key=f"booking_renew_reason_{first.id}",
                longest=LONGEST,
                help=_("It is kept in the audit log."),
            )
            if st.button(_("Extend anyway"), key=f"booking_renew_anyway_{first.id}"):
                _renew(held, reason)


def _renew(held: Sequence[BookingRecord], override: str | None) -> None:
    actor = current_actor()
    write(
        lambda s: [
            bookings.renew(s, actor, booking.id, override_reason=override)
            for booking in held
        ]
    )
    st.rerun()
