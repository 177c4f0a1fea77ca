"""Free times of any doctor of a speciality, the next ones first."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, freshness, read
from dashboard.ui.clock import in_zone, midnight, today
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import day_heading, day_in_full, gettext as _, pgettext
from dashboard.ui.words import capitalised, plain
from dashboard.visits.booking.holding import hold_any
from dashboard.visits.booking.leaving import LOST
from dashboard.visits.booking.slot_calendar import Day, Time, payload_of, slot_calendar
from dashboard.visits.booking.times import (
    about_clocks,
    clock,
    time_line,
    viewers_time,
    weeks_ahead,
)
from dashboard.visits.booking.waiting_list import offer_waiting
from dashboard.visits.doctors.doctor_listing import specialities
from services.visits.schedule import slots

_MOST: Final = 400
_MOST_DAYS: Final = 5
_SECONDS: Final = 10.0


def choose_free_time(patient_id: UUID | None) -> None:
    """Ask for the speciality and from when; hold the choice for the patient, if any."""
    speciality = _speciality()
    from_day = st.selectbox(
        pgettext("day", "From"),
        [today(), *weeks_ahead()[1:]],
        key="book_from",
        format_func=day_heading,
        width=160,
    )
    if speciality is None:
        st.caption(_("Choose a speciality to see all available doctors."))
        return
    timestamps = _free_timestamps(speciality, from_day)
    if not timestamps:
        empty_state(_("No free times from that day on."), icon="event_busy")
        _wait(patient_id, speciality)
        return
    st.caption(about_clocks(timestamps[0]))
    drawn = payload_of(
        days_of(timestamps),
        name=_("Free times of {speciality}").format(speciality=speciality),
        action=_("Hold") if patient_id else "",
    )
    chosen = slot_calendar(drawn, key="book_calendar")
    st.caption(freshness())
    _wait(patient_id, speciality)
    if chosen and patient_id:
        hold_any(speciality, datetime.fromisoformat(chosen), patient_id)


def _wait(patient_id: UUID | None, speciality: str) -> None:
    if patient_id:
        offer_waiting(patient_id, speciality=speciality)


def _speciality() -> str | None:
    # All are visible and chosen with one click, as on the page of doctors.
    chosen: str | None = st.pills(
        _("Speciality"),
        specialities(),
        key="book_speciality",
        format_func=lambda name: plain(capitalised(name)),
    )
    return chosen


def _free_timestamps(speciality: str, day: date) -> tuple[datetime, ...]:
    """Return when somebody is free on the next days, each time once.

    If very many are free, some of the last day may be missing, so that day is left out.
    """
    actor = current_actor()
    free_slots = read(
        lambda session: slots.next_free(
            session, actor, speciality=speciality, after=midnight(day), limit=_MOST
        ),
        # After a lost race, not the list from before it.
        keep=("next_free", speciality, day, st.session_state.get(LOST)),
        seconds=_SECONDS,
    )
    timestamps = sorted({slot.starts_at for slot in free_slots})
    days = sorted({in_zone(timestamp).date() for timestamp in timestamps})
    whole = days[:-1] if len(free_slots) == _MOST and days[1:] else days
    shown = whole[:_MOST_DAYS]
    return tuple(
        timestamp for timestamp in timestamps if in_zone(timestamp).date() in shown
    )


def days_of(timestamps: Sequence[datetime]) -> list[Day]:
    """Return the days with their times, equal times of all days on one line."""
    lines = {
        time: line for line, time in enumerate(sorted(set(map(time_line, timestamps))))
    }
    return [
        Day(
            label=day_heading(day),
            name=day_in_full(day),
            times=tuple(
                _time(timestamp, lines[time_line(timestamp)]) for timestamp in of_day
            ),
            is_today=day == today(),
        )
        for day, of_day in groupby(
            timestamps, key=lambda timestamp: in_zone(timestamp).date()
        )
    ]


def _time(timestamp: datetime, line: int) -> Time:
    return Time(
        timestamp.isoformat(),
        clock(timestamp),
        "free",
        line,
        beside=viewers_time(timestamp),
    )
