"""Visits as text for the desk: times, waiting times, states."""

from datetime import date, datetime
from typing import Final

from dashboard.context import in_zone
from dashboard.ui.clock import time_of_day
from dashboard.ui.language import day_heading, gettext as _, long_date, marked, pgettext
from dashboard.ui.measures import lasting
from dashboard.ui.record_table import Cell, Tone
from dashboard.ui.words import age_on, name_in_list
from dashboard.visits.front_desk.day_queue import Queue
from services.visits.front_desk.appointments import VisitRecord, VisitStatus, phoning

_MINUTE: Final = 60
# From then on somebody ought to look after the waiting patient.
_LONG_MINUTES: Final = 30
_NOT_YOURS: Final = marked("No longer your patient")


def name_of_patient(visit: VisitRecord) -> str:
    """Return the patient's name for a sentence, if this person may see it."""
    return visit.patient_name or _(_NOT_YOURS)


def doctor_and_room(visit: VisitRecord) -> str:
    """Return the doctor, and the room if there is one."""
    if not visit.room:
        return visit.doctor_name
    return _("{doctor}, room {room}").format(doctor=visit.doctor_name, room=visit.room)


def listed_patient_name(visit: VisitRecord) -> str:
    """Return the patient's name in the order that lists use."""
    return name_in_list(visit) or _(_NOT_YOURS)


def born_and_aged(visit: VisitRecord, today: date) -> str:
    """Return date of birth and age; empty if this person may not see them."""
    born = visit.date_of_birth
    return f"{long_date(born)} ({age_on(today, born)})" if born else ""


def phone_cell(number: str | None) -> Cell:
    """Return the number to call, as a link for computers that can call."""
    return Cell(number, url=f"tel:{number}") if number else Cell("–")


def died(visit: VisitRecord) -> str:
    """Return that the patient's record has a date of death; empty if it has none."""
    day = visit.deceased_on
    return (
        _("died {day} according to the record").format(day=long_date(day))
        if day
        else ""
    )


def state(visit: VisitRecord, timestamp: datetime) -> Cell:
    """Return how far the visit has come, with an icon and a tone."""
    match visit.status:
        case VisitStatus.CHECKED_IN:
            minutes = waited_minutes(visit)
            tone: Tone = "warn" if minutes >= _LONG_MINUTES else "info"
            return Cell(
                _("Waiting {time}").format(time=lasting(minutes)),
                tone,
                "hourglass_top",
            )
        case VisitStatus.IN_ROOM:
            return Cell(_("In the room"), "info", "meeting_room")
        case VisitStatus.SCHEDULED:
            return _expected(visit, timestamp)
        case VisitStatus.COMPLETED:
            return Cell(_("Seen"), "ok", "check_circle")
        case VisitStatus.CANCELLED:
            return Cell(pgettext("visit", "Cancelled"), "muted", "event_busy")
        case VisitStatus.NO_SHOW:
            return Cell(_("Did not come"), "muted", "person_off")


def called(visit: VisitRecord, timestamp: datetime) -> Cell:
    """Return whether the patient was phoned about the visit, by whom and when."""
    call = visit.call
    if call is None:
        return Cell(_("Not phoned yet"), "plain", "phone_enabled")
    at = in_zone(call.at)
    when = time_of_day(at)
    if at.date() != in_zone(timestamp).date():
        when = f"{day_heading(at.date())} {when}"
    if call.outcome is phoning.CallOutcome.REACHED:
        text = _("Reached, {when}, by {who}").format(when=when, who=call.by)
        return Cell(text, "ok", "call")
    text = _("No answer, {when}, {who}").format(when=when, who=call.by)
    return Cell(text, "warn", "phone_missed")


def summary(queue: Queue) -> str:
    """Return the state of the day in one line."""
    seen = sum(visit.status is VisitStatus.COMPLETED for visit in queue.over)
    missed = sum(visit.status is VisitStatus.NO_SHOW for visit in queue.over)
    waiting = _("{count} waiting").format(count=len(queue.waiting))
    if queue.waiting:
        waiting += _(", the longest for {time}").format(
            time=lasting(waited_minutes(queue.waiting[0]))
        )
    if queue.in_room:
        waiting += _(" · {count} in the room").format(count=len(queue.in_room))
    parts = [
        waiting,
        _("{count} expected").format(count=len(queue.expected)),
        _("{count} seen").format(count=seen),
    ]
    return " · ".join(
        [*parts, _("{missed} did not come").format(missed=missed)] if missed else parts
    )


def waited_minutes(visit: VisitRecord) -> int:
    """Return for how many whole minutes the patient has been waiting."""
    return int((visit.waited_seconds or 0) // _MINUTE)


def _expected(visit: VisitRecord, timestamp: datetime) -> Cell:
    late = int((timestamp - visit.starts_at).total_seconds() // _MINUTE)
    if late > 0:
        return Cell(_("{time} late").format(time=lasting(late)), "warn", "schedule")
    return Cell(_("Expected"), "plain", "event")
