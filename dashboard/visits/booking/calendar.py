"""A doctor's slots over a few days, as the calendar draws them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from dashboard.context import current_actor, read, read_shared_visits
from dashboard.ui.clock import in_zone, now, today
from dashboard.ui.language import day_heading, day_in_full, gettext as _
from dashboard.visits.booking.own_holds import held_ids
from dashboard.visits.booking.slot_calendar import Day, Time, TimeState
from dashboard.visits.booking.times import clock, span, time_line, viewers_time
from services.visits.schedule import slots
from services.visits.schedule.slots.records import SlotRecord

_SECONDS = 10.0
_SATURDAY = 5


def slots_of(
    doctor_id: UUID, first: date, days: int, *, patient_id: UUID | None
) -> tuple[SlotRecord, ...]:
    """Return the doctor's slots of these days."""
    from_at, until_at = span(first, days)
    if patient_id is None:
        listed = read_shared_visits(
            lambda caches, who, after: caches.slots(
                who, doctor_id, from_at, until_at, after=after
            )
        )
    else:
        # Slots marked as the patient's own are not cached for others.
        actor = current_actor()
        listed = read(
            lambda session: slots.list_slots(
                session, actor, doctor_id, from_at, until_at, patient_id=patient_id
            ),
            # Once one of their holds comes or goes, an earlier read is not shown.
            keep=("slots", doctor_id, first, days, patient_id, held_ids()),
            seconds=_SECONDS,
        )
    return tuple(map(_as_it_is, listed))


def _as_it_is(slot: SlotRecord) -> SlotRecord:
    """Return the slot; as free if its hold has run out since it was read."""
    if slot.held_until is None or slot.held_until > now():
        return slot
    return replace(slot, state="free", held_until=None, own_booking_id=None)


def days_of(shown: Sequence[SlotRecord], first: date, days: int) -> list[Day]:
    """Return the days with their times; a weekend that nobody works is left out."""
    wanted = [first + timedelta(days=number) for number in range(days)]
    per_day = {day: [s for s in shown if _day(s) == day] for day in wanted}
    lines = {
        timestamp: n
        for n, timestamp in enumerate(sorted({time_line(s.starts_at) for s in shown}))
    }
    return [
        Day(
            label=day_heading(day),
            name=day_in_full(day),
            times=tuple(
                _time(slot, lines[time_line(slot.starts_at)]) for slot in per_day[day]
            ),
            is_today=day == today(),
        )
        for day in wanted
        if days == 1 or per_day[day] or day.weekday() < _SATURDAY
    ]


def _day(slot: SlotRecord) -> date:
    return in_zone(slot.starts_at).date()


def _time(slot: SlotRecord, line: int) -> Time:
    state, until = _state(slot), slot.held_until
    is_held = state == "held" and until is not None
    return Time(
        id=str(slot.id),
        text=clock(slot.starts_at),
        state=state,
        line=line,
        note=_("being booked, free at {until}").format(until=clock(until))
        if is_held and until
        else "",
        beside=viewers_time(slot.starts_at),
        frees_in=_seconds_until(until) if is_held and until else None,
    )


def _state(slot: SlotRecord) -> TimeState:
    if slot.own_booking_id is None:
        return slot.state
    return "own_hold" if slot.state == "held" else "own_visit"


def _seconds_until(timestamp: datetime) -> float:
    return max(0.0, (timestamp - now()).total_seconds())
