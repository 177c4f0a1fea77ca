"""The contents of a few days, as the grid draws them."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from dashboard.context import current_actor, now
from dashboard.ui.clock import in_zone, today
from dashboard.ui.language import (
    day_heading,
    day_in_full,
    gettext as _,
    lowered,
    marked,
    short_date,
)
from dashboard.ui.record_table import Cell
from dashboard.ui.words import capitalised
from dashboard.visits.booking.times import clock, from_to
from dashboard.visits.calendar.period import CalendarRequest
from dashboard.visits.calendar.rooms import by_room, joined_stretches
from dashboard.visits.calendar.time_grid import GridBand, GridEntry, GridLane
from dashboard.visits.front_desk import desk_words
from dashboard.visits.schedule.plan_exceptions import kind_of
from services.core.actors import Permission
from services.visits.calendar import CalendarPeriod
from services.visits.front_desk.appointments import VisitRecord, VisitStatus
from services.visits.newcomers import NewcomerRecord
from services.visits.schedule.plans import ExceptionRecord
from services.visits.schedule.slots.records import SlotRecord

_HOUR: Final = 60
_DAY: Final = 24 * _HOUR
# A clinic's day is drawn at least this long: a grid of constant height jumps less.
_USUAL: Final = (8, 18)
# Of visits at times that the plan no longer has.
_MOVE: Final = "event_repeat"
_TO_MOVE: Final = marked("To be moved")


def lanes_of(period: CalendarPeriod, shown: CalendarRequest) -> list[GridLane]:
    """Return a column for each doctor or room of a day, or each day of a doctor."""
    if shown.days == 1:
        lanes = [
            _lane(
                period,
                doctor.id,
                shown.first,
                lane_id=f"{doctor.id} {shown.first}",
                label=doctor.name,
                detail=_where(doctor.speciality, doctor.room),
            )
            for doctor in period.doctors
        ]
        if not shown.is_by_room:
            return lanes
        rooms = [doctor.room for doctor in period.doctors]
        return by_room(list(zip(rooms, lanes, strict=True)))
    days = [shown.first + timedelta(days=number) for number in range(shown.days)]
    return [
        _lane(
            period,
            doctor.id,
            day,
            lane_id=f"{doctor.id} {day}",
            label=day_heading(day),
            detail=_("Today") if day == today() else "",
        )
        for doctor in period.doctors[:1]
        for day in days
    ]


def hours_of(lanes: Sequence[GridLane]) -> tuple[int, int]:
    """Return the hours that contain everything to be drawn."""
    stretches = [stretch for lane in lanes for stretch in lane.open]
    stretches += [
        (entry.begins, entry.ends) for lane in lanes for entry in lane.entries
    ]
    first = min([begins // _HOUR for begins, _ in stretches], default=_USUAL[0])
    last = max([-(-ends // _HOUR) for _, ends in stretches], default=_USUAL[1])
    return min(first, _USUAL[0]), max(last, _USUAL[1])


def minute_of(timestamp: datetime, day: date) -> int:
    """Return the minute of the day on the clinic's clock, clamped to that day."""
    local = in_zone(timestamp)
    if local.date() != day:
        return 0 if local.date() < day else _DAY
    return local.hour * _HOUR + local.minute


def _where(speciality: str, room: str | None) -> str:
    if not room:
        return capitalised(speciality)
    return _("{speciality}, room {room}").format(
        speciality=capitalised(speciality), room=room
    )


def _lane(
    period: CalendarPeriod,
    doctor_id: UUID,
    day: date,
    *,
    lane_id: str,
    label: str,
    detail: str,
) -> GridLane:
    slots = [
        slot
        for slot in period.slots
        if slot.doctor_id == doctor_id and in_zone(slot.starts_at).date() == day
    ]
    visits = [
        visit
        for visit in period.visits
        if visit.doctor_id == doctor_id and in_zone(visit.starts_at).date() == day
    ]
    unregistered = [
        newcomer
        for newcomer in period.newcomers
        if newcomer.doctor_id == doctor_id and in_zone(newcomer.starts_at).date() == day
    ]
    seen = {visit.starts_at for visit in visits}
    seen |= {newcomer.starts_at for newcomer in unregistered}
    leaving = {slot.starts_at for slot in slots if slot.is_leaving}
    entries = [
        _visit(visit, day, label, is_to_move=visit.starts_at in leaving)
        for visit in visits
    ]
    entries += [
        _newcomer(newcomer, day, label, is_to_move=newcomer.starts_at in leaving)
        for newcomer in unregistered
    ]
    entries += [
        entry
        for slot in slots
        if slot.starts_at not in seen and (entry := _slot(slot, day, label))
    ]
    return GridLane(
        id=lane_id,
        label=label,
        detail=detail,
        entries=tuple(sorted(entries, key=lambda entry: entry.begins)),
        open=joined_stretches(
            (minute_of(slot.starts_at, day), minute_of(slot.ends_at, day))
            for slot in slots
        ),
        bands=tuple(_bands(period.closures, doctor_id, day)),
        is_today=day == today(),
    )


def _visit(visit: VisitRecord, day: date, label: str, *, is_to_move: bool) -> GridEntry:
    is_open = visit.status is VisitStatus.SCHEDULED
    state = desk_words.state(visit, now())
    # A visit that has begun is not moved anymore.
    is_to_move = is_to_move and is_open
    mark = _(_TO_MOVE) if is_to_move else ""
    born = visit.date_of_birth
    # In a narrow column the last words are cut off; the year of birth is to be seen.
    shown = (mark, state.text, short_date(born) if born else "", visit.note)
    born_and_aged = desk_words.born_and_aged(visit, today())
    details = (mark, state.text, born_and_aged, visit.note)
    who = desk_words.listed_patient_name(visit)
    name = f"{_from_to(visit)}, {label}: {', '.join(filter(None, (who, *details)))}"
    return GridEntry(
        id=str(visit.id),
        kind="visit",
        begins=minute_of(visit.starts_at, day),
        ends=minute_of(visit.ends_at, day),
        text=f"{clock(visit.starts_at)} {who}",
        name=name,
        detail=" · ".join(filter(None, shown)),
        tone="warn" if is_to_move else _tone(visit, state),
        icon=_MOVE if is_to_move else state.icon,
        is_movable=is_open and current_actor().may(Permission.BOOK_VISITS),
    )


def _tone(visit: VisitRecord, state: Cell) -> str:
    return "violet" if visit.status is VisitStatus.IN_ROOM else state.tone


def _newcomer(
    newcomer: NewcomerRecord, day: date, label: str, *, is_to_move: bool
) -> GridEntry:
    """Return the entry that opens the newcomer's registration; it cannot be moved."""
    state = _("Not registered yet")
    mark = _(_TO_MOVE) if is_to_move else ""
    return GridEntry(
        id=str(newcomer.id),
        kind="visit",
        begins=minute_of(newcomer.starts_at, day),
        ends=minute_of(newcomer.ends_at, day),
        text=f"{clock(newcomer.starts_at)} {newcomer.name}",
        name=f"{_from_to(newcomer)}, {label}: "
        + ", ".join(filter(None, (newcomer.name, mark, lowered(state)))),
        detail=" · ".join(filter(None, (mark, state))),
        tone="warn",
        icon=_MOVE if is_to_move else "person_alert",
    )


def _slot(slot: SlotRecord, day: date, label: str) -> GridEntry | None:
    """Return the entry of a slot without a visit; None for free ones that are over."""
    begins, ends = minute_of(slot.starts_at, day), minute_of(slot.ends_at, day)
    until, slot_name = slot.held_until, f"{_from_to(slot)}, {label}"
    if slot.state == "booked":
        name = _("{slot}: booked").format(slot=slot_name)
        mark = _(_TO_MOVE) if slot.is_leaving else ""
        return GridEntry(
            str(slot.id),
            "taken",
            begins,
            ends,
            _("Booked"),
            ", ".join(filter(None, (name, mark))),
            detail=mark,
        )
    if slot.starts_at <= now():
        return None
    if slot.state == "held" and until and until > now():
        note = _("until {time}").format(time=clock(until))
        return GridEntry(
            str(slot.id),
            "held",
            begins,
            ends,
            _("Being booked"),
            _("{slot}: being booked until {time}").format(
                slot=slot_name, time=clock(until)
            ),
            detail=note,
            icon="hourglass_empty",
        )
    name = _("{slot}: free").format(slot=slot_name)
    return GridEntry(str(slot.id), "free", begins, ends, clock(slot.starts_at), name)


def _from_to(stretch: VisitRecord | SlotRecord | NewcomerRecord) -> str:
    return from_to(clock(stretch.starts_at), clock(stretch.ends_at))


def _bands(
    closures: Iterable[ExceptionRecord], doctor_id: UUID, day: date
) -> Iterable[GridBand]:
    for closure in closures:
        if closure.doctor_id not in {None, doctor_id}:
            continue
        begins, ends = (
            minute_of(closure.starts_at, day),
            minute_of(closure.ends_at, day),
        )
        if begins < ends:
            kind = kind_of(closure.kind)
            text = f"{kind}: {closure.reason}" if closure.reason else kind
            yield GridBand(begins, ends, text)


def spoken_day(shown: CalendarRequest) -> str:
    """Return the days as a heading."""
    if shown.days == 1:
        return day_in_full(shown.first)
    last = shown.first + timedelta(days=shown.days - 1)
    return from_to(day_heading(shown.first), f"{day_heading(last)} {last.year}")
