"""The new time of a visit: chosen by drag or from lists, and confirmed."""

from datetime import date
from typing import Final
from uuid import UUID, uuid4

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.clock import in_zone, now
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_line
from dashboard.ui.language import gettext as _, marked, refusal_text
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from dashboard.visits.booking.calendar import slots_of
from dashboard.visits.booking.cancellation_notice import notice_hours
from dashboard.visits.booking.times import clock, shortly, when
from dashboard.visits.calendar.doctor_and_day import choose_day, choose_doctor
from dashboard.visits.doctors.doctor_listing import bookable_doctors
from dashboard.visits.front_desk import desk_words
from services.core.actors import Permission
from services.core.reasons import LONGEST
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingRequest
from services.visits.booking.bookings.errors import (
    NoSuchSlot,
    PatientBusy,
    SlotTaken,
    VisitHasBegun,
)
from services.visits.front_desk.appointments import VisitRecord
from services.visits.schedule import slots
from services.visits.schedule.slots.records import SlotRecord

_DOCTOR: Final = "calendar_move_doctor"
_DAY: Final = "calendar_move_day"
_TIME: Final = "calendar_move_time"
_CHOSEN: Final = "calendar_move_chosen"
_LOST: Final = "calendar_move_lost"
_RULE: Final = "calendar_move_rule"
_MOST_NEXT: Final = 4
# Rules that staff may set aside for a reason.
_RULES: Final = (PatientBusy, VisitHasBegun)


def ask_where_to(visit: VisitRecord, slot: SlotRecord | None) -> None:
    """Ask where to move a visit; a slot is proposed if one is given."""
    for key in (_CHOSEN, _LOST, _RULE, _TIME):
        st.session_state.pop(key, None)
    st.session_state[_DOCTOR] = slot.doctor_id if slot else visit.doctor_id
    begins = slot.starts_at if slot else max(visit.starts_at, now())
    st.session_state[_DAY] = in_zone(begins).date()
    if slot:
        st.session_state[_TIME] = slot.id
        st.session_state[_CHOSEN] = slot
    _ask(visit)


@dialog(marked("Move this visit"), icon=":material/event_repeat:", width="medium")
def _ask(visit: VisitRecord) -> None:
    with error_boundary():
        st.markdown(
            _("**{patient}** is booked for {starts_at} with {doctor}.").format(
                patient=plain(desk_words.name_of_patient(visit)),
                starts_at=when(visit.starts_at),
                doctor=plain(visit.doctor_name),
            )
        )
        above, slot = st.container(), _choose()
        with above:
            _show_lost()
        if slot is None:
            return
        st.markdown(
            _(
                "From **{before}** with **{doctor}** to **{after}** with "
                "**{new_doctor}**."
            ).format(
                before=shortly(visit.starts_at),
                doctor=plain(visit.doctor_name),
                after=shortly(slot.starts_at),
                new_doctor=plain(_name_of(slot)),
            )
        )
        reason = _ask_why(visit)
        if confirmed(
            _("Move the visit"),
            key="calendar_move_confirm",
            otherwise=_("Keep it as it is"),
        ):
            _move(visit, slot, reason)


def _choose() -> SlotRecord | None:
    """Draw doctor, day and time; return the slot they name."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        doctor_id = choose_doctor(_DOCTOR)
        day = choose_day(_DAY)
        if doctor_id is None:
            return None
        free = {slot.id: slot for slot in _free(doctor_id, day)}
        if st.session_state.get(_TIME) not in free:
            _note_lost(doctor_id, day)
            st.session_state[_TIME] = None
        chosen: UUID | None = st.selectbox(
            _("Time"),
            list(free),
            key=_TIME,
            index=None,
            format_func=lambda slot_id: clock(free[slot_id].starts_at),
            placeholder=_("Choose a time") if free else _("Nothing is free"),
            width=150,
        )
    st.session_state[_CHOSEN] = free[chosen] if chosen else None
    return free[chosen] if chosen else None


def _note_lost(doctor_id: UUID, day: date) -> None:
    """Remember that the chosen time is gone, unless another day is shown."""
    chosen: SlotRecord | None = st.session_state.get(_CHOSEN)
    if chosen is None or chosen.id != st.session_state.get(_TIME):
        return
    if (chosen.doctor_id, in_zone(chosen.starts_at).date()) == (doctor_id, day):
        st.session_state[_LOST] = chosen


def _free(doctor_id: UUID, day: date) -> list[SlotRecord]:
    lost: SlotRecord | None = st.session_state.get(_LOST)
    return [
        slot
        for slot in slots_of(doctor_id, day, 1, patient_id=None)
        if slot.state == "free"
        and slot.starts_at > now()
        and (lost is None or slot.id != lost.id)
    ]


def _name_of(slot: SlotRecord) -> str:
    return next(
        doctor.name for doctor in bookable_doctors() if doctor.id == slot.doctor_id
    )


def _ask_why(visit: VisitRecord) -> str | None:
    """Ask for a reason if a rule prevents the move and this person may set it aside."""
    rule: str | None = st.session_state.get(_RULE)
    if rule is None and visit.starts_at <= now():
        rule = _("This visit has begun, so enter a reason for moving it.")
    if rule is None or not current_actor().may(Permission.OVERRIDE_BOOKING):
        return None
    st.warning(rule, icon=":material/gavel:")
    return bounded_line(
        _("Reason"),
        key=f"calendar_move_{visit.id}_reason",
        longest=LONGEST,
        help=_("It is kept with the booking and in the audit log."),
    )


def _move(visit: VisitRecord, slot: SlotRecord, reason: str | None) -> None:
    actor, hours = current_actor(), notice_hours()
    request = BookingRequest(
        slot.id,
        visit.patient_id,
        uuid4(),
        replaces_id=visit.booking_id,
        override_reason=reason,
    )
    try:
        moved = bookings.require_held(
            write(lambda s: bookings.move(s, actor, request, notice_hours=hours))
        )
    except (SlotTaken, NoSuchSlot):
        st.session_state[_LOST] = slot
        st.rerun(scope="fragment")
    except _RULES as refusal:
        if reason is not None or not actor.may(Permission.OVERRIDE_BOOKING):
            raise
        st.session_state[_RULE] = plain(refusal_text(refusal))
        st.rerun(scope="fragment")
    notify(
        _("{patient}'s visit is moved to {starts_at} with {doctor}.").format(
            patient=plain(desk_words.name_of_patient(visit)),
            starts_at=shortly(moved.starts_at),
            doctor=plain(moved.doctor_name),
        ),
        icon="event_repeat",
    )
    st.rerun()


def _show_lost() -> None:
    """Say that somebody was quicker, and offer the next free times."""
    lost: SlotRecord | None = st.session_state.get(_LOST)
    if lost is None:
        return
    actor = current_actor()
    free = read(
        lambda session: slots.next_free(
            session,
            actor,
            doctor_id=lost.doctor_id,
            after=lost.starts_at,
            limit=_MOST_NEXT,
        )
    )
    with st.container(border=True, gap="small"):
        st.markdown(
            _(":material/bolt: **{starts_at} was just taken.** ").format(
                starts_at=shortly(lost.starts_at)
            )
            + (_("Next free times:") if free else _("No other times are free."))
        )
        with st.container(horizontal=True, gap="small"):
            for slot in free:
                st.button(
                    shortly(slot.starts_at),
                    key=f"calendar_move_next_{slot.id}",
                    on_click=_take,
                    args=(slot,),
                )


def _take(slot: SlotRecord) -> None:
    st.session_state[_DOCTOR] = slot.doctor_id
    st.session_state[_DAY] = in_zone(slot.starts_at).date()
    st.session_state[_TIME] = slot.id
