"""The same time every week: which of them are free, and which of those are wanted."""

from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.clock import calendar, in_zone, today, zone
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked, ngettext, refusal_text
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from dashboard.visits.booking.own_holds import forget_booked
from dashboard.visits.booking.times import when
from services.visits.booking import bookings
from services.visits.booking.bookings import BookingStatus, SeriesRequest, SeriesSlot
from services.visits.booking.bookings.errors import NoSuchSlot, PatientBusy

_WEEKS: Final = "doctor_weeks"
_WHY: Final = {
    "held": marked("being booked"),
    "booked": marked("taken"),
    "none": marked("no time that day"),
}


def ask_for_weeks() -> None:
    """Ask for how many weeks in a row a time is wanted; one unless changed."""
    with st.popover(_("Repeat"), icon=":material/repeat:"):
        # A list, so that no number out of bounds is refused while another one counts.
        st.selectbox(
            _("Weeks in a row"),
            range(1, bookings.LONGEST_SERIES + 1),
            key=_WEEKS,
            # By default, 1 and 2 are found as well for whoever types 12.
            filter_mode="prefix",
            help=_("The same weekday and time. You see first which are free."),
        )


def wanted_weeks() -> int:
    """Return for how many weeks in a row a time is wanted."""
    return int(st.session_state.get(_WEEKS, 1))


@dialog(marked("The same time every week"), icon=":material/repeat:")
def choose_weeks(slot_id: UUID, patient_id: UUID, weeks: int) -> None:
    """Show which of the times are free, and hold the wanted ones."""
    with error_boundary():
        actor, of_clinic = current_actor(), zone()
        times = read(
            lambda s: bookings.preview_series(s, actor, slot_id, weeks, of_clinic),
            keep=("series", slot_id, weeks),
        )
        wanted = {
            slot.slot_id: slot.starts_at
            for slot in times
            if _choose_time(slot) and slot.slot_id
        }
        if confirmed(
            ngettext("Hold {count} visit", "Hold {count} visits", len(wanted)).format(
                count=len(wanted)
            ),
            key="series_hold",
            is_disabled=not wanted,
        ):
            try:
                _hold(tuple(wanted), patient_id)
            except (NoSuchSlot, PatientBusy) as refusal:
                if refusal.slot_id is None:
                    raise
                # With the week, so that it can be left out.
                week = when(wanted[refusal.slot_id])
                why = plain(refusal_text(refusal))
                st.error(f"**{week}**: {why}", icon=":material/block:")
            else:
                st.rerun()


def _choose_time(time: SeriesSlot) -> bool:
    is_free = time.state == "free"
    why = "" if is_free else f": {_why_not(time)}"
    is_chosen = st.checkbox(
        f"{when(time.starts_at)}{why}",
        value=is_free,
        disabled=not is_free,
        key=f"series_{time.starts_at:%Y%m%d%H%M}_{time.state}",
    )
    return is_free and is_chosen


def _why_not(time: SeriesSlot) -> str:
    last_open = today() + timedelta(calendar().days - 1)
    if time.state == "none" and in_zone(time.starts_at).date() > last_open:
        return _("cannot be booked yet")
    return _(_WHY[time.state])


def _hold(slot_ids: tuple[UUID, ...], patient_id: UUID) -> None:
    actor = current_actor()
    request = SeriesRequest(slot_ids, patient_id, uuid4())
    forget_booked()
    held = write(lambda s: bookings.hold_series(s, actor, request))
    lost = [booking for booking in held if booking.status is BookingStatus.FAILED]
    for booking in lost:
        notify(
            _("{starts_at} was just taken.").format(starts_at=when(booking.starts_at)),
            icon="bolt",
        )
