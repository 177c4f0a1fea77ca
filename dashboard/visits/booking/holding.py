"""Taking a time for somebody, and what to show when that is not possible."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.context import current_actor, read, write
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_area
from dashboard.ui.language import gettext as _, marked, refusal_text
from dashboard.ui.outcomes.landing import landing
from dashboard.ui.words import plain
from dashboard.visits.booking.cancellation_notice import notice_hours
from dashboard.visits.booking.leaving import CHOSEN, LOST, REFUSED
from dashboard.visits.booking.own_holds import forget_booked, held_ids, release_holds
from dashboard.visits.booking.times import clock, shortly
from services.core.actors import Permission
from services.core.errors import Conflict
from services.core.reasons import LONGEST
from services.visits.booking import bookings
from services.visits.booking.bookings import AnyRequest, BookingRecord, BookingRequest
from services.visits.booking.bookings.errors import (
    NoSuchSlot,
    PatientBusy,
    SlotTaken,
    TooManyHolds,
    VisitHasBegun,
)
from services.visits.schedule import slots
from services.visits.schedule.slots.records import SlotRecord

_MOST_NEXT: Final = 6
# Several doctors of a speciality are free at the same time.
_MOST_LOOKED_AT: Final = 40
# Rules that staff may set aside for a reason; that a slot is booked once is not one.
_RULES: Final = (PatientBusy, VisitHasBegun)


@dataclass(frozen=True, slots=True)
class _Refused:
    """A request that breaks a rule, possibly one that staff may set aside."""

    request: BookingRequest | AnyRequest
    refusal: Conflict

    @property
    def may_be_overridden(self) -> bool:
        """Whether a reason helps: to be in two places, or to move a begun visit."""
        is_rule = isinstance(self.refusal, _RULES)
        return is_rule and current_actor().may(Permission.OVERRIDE_BOOKING)


@dataclass(frozen=True, slots=True)
class _LostTime:
    """A time that somebody else was quicker to take: of one doctor, or of any.

    `free_at` is when it may be free again.
    """

    starts_at: datetime
    free_at: datetime | None = None
    doctor_id: UUID | None = None
    speciality: str | None = None


def hold(slot_id: UUID, patient_id: UUID, *, replaces_id: UUID | None = None) -> None:
    """Hold the slot, and rerun the page with the outcome."""
    _try(BookingRequest(slot_id, patient_id, uuid4(), replaces_id=replaces_id))


def hold_any(speciality: str, starts_at: datetime, patient_id: UUID) -> None:
    """Hold a slot of any doctor who is free then; otherwise like `hold`."""
    _try(AnyRequest(speciality, starts_at, patient_id, uuid4()))


def _try(request: BookingRequest | AnyRequest) -> None:
    st.session_state.pop(LOST, None)
    forget_booked()
    try:
        _take(request)
    except SlotTaken as lost:
        _remember_lost(lost.booking)
    except NoSuchSlot:
        if not isinstance(request, AnyRequest):
            raise
        gone = _LostTime(request.starts_at, speciality=request.speciality)
        st.session_state[LOST] = gone
    except Conflict as refusal:
        st.session_state[REFUSED] = _Refused(request, refusal)
    st.rerun()


def _take(request: BookingRequest | AnyRequest) -> None:
    """Hold what is requested in place of the time chosen before on this page.

    The earlier time is released only once the new one is held, so somebody who was too
    late has not lost it.
    """
    before = _chosen_before(request.patient_id)
    try:
        # Raised only after the commit: a lost race is recorded, because it is counted.
        held = bookings.require_held(write(lambda s: _hold(s, request)))
    except (PatientBusy, TooManyHolds):
        if before is None:
            raise
        # The obstacle may be their own hold.
        held = write(lambda s: _exchange(s, before, request))
    if before and before.id != held.id:
        release_holds([before])
    st.session_state[CHOSEN] = held


def _chosen_before(patient_id: UUID) -> BookingRecord | None:
    """Return the earlier choice for the same patient, if it is still held."""
    chosen: BookingRecord | None = st.session_state.get(CHOSEN)
    if chosen is None or chosen.patient_id != patient_id:
        return None
    return chosen if chosen.id in held_ids() else None


def _hold(session: Session, request: BookingRequest | AnyRequest) -> BookingRecord:
    actor = current_actor()
    if isinstance(request, AnyRequest):
        return bookings.hold_any(session, actor, request)
    return bookings.hold(session, actor, request, notice_hours=notice_hours())


def _exchange(
    session: Session, before: BookingRecord, request: BookingRequest | AnyRequest
) -> BookingRecord:
    """Release one hold and take another: both, or neither if it was taken."""
    bookings.release(session, current_actor(), before.id)
    return bookings.require_held(_hold(session, request))


def _remember_lost(booking: BookingRecord) -> None:
    at, doctor_id = booking.starts_at, booking.doctor_id
    lost = _LostTime(at, booking.expires_at, doctor_id=doctor_id)
    st.session_state[LOST] = lost


def show_refusal() -> None:
    """Show once which rule prevented the hold; people who may can set it aside."""
    refused: _Refused | None = st.session_state.get(REFUSED)
    if refused is None:
        return
    if refused.may_be_overridden:
        _override(refused)
    else:
        _forget_refused()
        st.error(plain(refusal_text(refused.refusal)), icon=":material/block:")


def _forget_refused() -> None:
    st.session_state.pop(REFUSED, None)


@dialog(
    marked("Override the booking rules?"),
    icon=":material/gavel:",
    on_dismiss=_forget_refused,
)
def _override(refused: _Refused) -> None:
    with error_boundary():
        st.markdown(plain(refusal_text(refused.refusal)))
        with st.form("booking_override_form", border=False):
            reason = bounded_area(
                _("Reason"),
                key="booking_override_reason",
                longest=LONGEST,
                help=_("It is kept with the booking and in the audit log."),
            )
            if not confirmed(
                _("Book anyway"),
                key="booking_override_confirm",
                is_in_form=True,
                on_cancel=_forget_refused,
            ):
                return
        try:
            _take(replace(refused.request, attempt=uuid4(), override_reason=reason))
        except SlotTaken as lost:
            _remember_lost(lost.booking)
        _forget_refused()
        st.rerun()


def show_lost_race() -> SlotRecord | None:
    """Show that somebody was quicker; return which of the next times is wanted."""
    lost: _LostTime | None = st.session_state.get(LOST)
    if lost is None:
        return None
    free_next = _next_free(lost)
    name = f"lost_{lost.starts_at:%Y%m%d%H%M}"
    with landing(name, border=True, gap="small"):
        st.markdown(
            _(":material/bolt: **{starts_at} was just taken.** ").format(
                starts_at=shortly(lost.starts_at)
            )
            + _may_free(lost.free_at)
            + (_("Next free times:") if free_next else _("No other times are free."))
        )
        with st.container(horizontal=True, gap="small"):
            for slot in free_next:
                if st.button(shortly(slot.starts_at), key=f"booking_next_{slot.id}"):
                    return slot
    return None


def _may_free(timestamp: datetime | None) -> str:
    return (
        _("It may be free again at {timestamp}. ").format(timestamp=clock(timestamp))
        if timestamp
        else ""
    )


def _next_free(lost: _LostTime) -> list[SlotRecord]:
    """Return the next free times, each once, whichever doctor has them."""
    actor = current_actor()
    free = read(
        lambda session: slots.next_free(
            session,
            actor,
            doctor_id=lost.doctor_id,
            speciality=lost.speciality,
            after=lost.starts_at,
            limit=_MOST_LOOKED_AT,
        )
    )
    once = {slot.starts_at: slot for slot in reversed(free)}
    return sorted(once.values(), key=lambda slot: slot.starts_at)[:_MOST_NEXT]
