"""Visits as tables, with the actions on each."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal, get_args

from dashboard.navigation import go, open_patient
from dashboard.ui.language import gettext as _, long_date, marked
from dashboard.ui.record_table import (
    Cell,
    Column,
    Piece,
    Row,
    RowAction,
    chosen_of,
    record_table,
)
from dashboard.visits.booking.times import clock, from_to
from dashboard.visits.front_desk import desk_words
from services.visits.front_desk.appointments import VisitRecord, VisitStatus

ActionName = Literal[
    "check_in", "undo", "call_in", "undo_call_in", "complete", "reopen", "miss"
]
Done = tuple[VisitRecord, ActionName]

_NAMES: Final[tuple[ActionName, ...]] = get_args(ActionName)

_CHECK_IN: Final = RowAction(
    "check_in", marked("Check in"), "how_to_reg", shows_label=True
)
_UNDO: Final = RowAction("undo", marked("Undo check-in"), "undo", shows_label=True)
_CALL_IN: Final = RowAction(
    "call_in", marked("Call in"), "meeting_room", shows_label=True
)
_UNDO_CALL_IN: Final = RowAction(
    "undo_call_in", marked("Undo: back to waiting"), "undo", shows_label=True
)
_COMPLETE: Final = RowAction(
    "complete", marked("Seen"), "check_circle", shows_label=True
)
_REOPEN: Final = RowAction(
    "reopen", marked("Undo: not seen yet"), "undo", shows_label=True
)
_MISS: Final = RowAction("miss", marked("Did not come"), "person_off", shows_label=True)
_COLUMNS: Final = (
    Column(marked("Patient")),
    Column(marked("Time"), is_whole=True),
    Column(marked("With")),
    Column(marked("State"), is_whole=True),
    Column(""),
)
_OWN: Final = (
    Column(marked("Patient")),
    Column(marked("Time"), is_whole=True),
    Column(marked("State"), is_whole=True),
)


def desk_table(
    visits: Sequence[VisitRecord],
    timestamp: datetime,
    *,
    day: Sequence[VisitRecord],
    name: str,
    key: str,
) -> Done | None:
    """Show visits to the desk; return the chosen action and its visit.

    Since it was clicked, a colleague may have moved the visit to another table: it is
    looked for among all of the day.
    """
    rows = [
        Row(
            str(visit.id),
            (
                _who(visit),
                Cell(clock(visit.starts_at)),
                Cell(desk_words.doctor_and_room(visit)),
                desk_words.state(visit, timestamp),
                Cell("", actions=actions_of(visit, timestamp)),
            ),
            url=f"patient?patient={visit.patient_id}" if visit.patient_name else "",
        )
        for visit in visits
    ]
    event = record_table(_COLUMNS, rows, name=name, key=key)
    for visit in visits:
        if str(visit.id) == event.opened:
            open_patient(visit.patient_id)
    chosen = chosen_of(event, day, lambda visit: visit.id)
    if event.action is None or chosen is None:
        return None
    action = action_named(event.action[1])
    return (chosen, action) if action else None


def action_named(name: str) -> ActionName | None:
    """Return the action of this name, if there is one."""
    return next((action for action in _NAMES if action == name), None)


def own_table(visits: Sequence[VisitRecord], timestamp: datetime, *, key: str) -> None:
    """Show clinicians their own visits; each leads to its consulting room."""
    rows = [
        Row(
            str(visit.id),
            (
                Cell(
                    desk_words.listed_patient_name(visit),
                    lines=((Piece(visit.note),),) if visit.note else (),
                ),
                Cell(from_to(clock(visit.starts_at), clock(visit.ends_at))),
                desk_words.state(visit, timestamp),
            ),
            url=f"visit?visit={visit.id}",
        )
        for visit in visits
    ]
    event = record_table(_OWN, rows, name=_("Your visits"), key=key)
    if event.opened:
        go("consultations/visit.py", visit=event.opened)


def _who(visit: VisitRecord) -> Cell:
    """Return the patient's name with the day of birth, by which the desk checks it."""
    born = visit.date_of_birth
    facts = (_("born {day}").format(day=long_date(born)) if born else "",)
    lines = [(Piece(fact),) for fact in (*facts, desk_words.died(visit)) if fact]
    return Cell(desk_words.listed_patient_name(visit), lines=tuple(lines))


def actions_of(visit: VisitRecord, timestamp: datetime) -> tuple[RowAction, ...]:
    """Return the desk's actions on a visit in its state, the likeliest first."""
    return tuple(
        replace(action, label=_(action.label)) for action in _actions(visit, timestamp)
    )


def _actions(visit: VisitRecord, timestamp: datetime) -> tuple[RowAction, ...]:
    # On the calendar there are visits of other days, too.
    may_correct = visit.is_corrected_at(timestamp)
    check_in = (_CHECK_IN,) if may_correct else ()
    match visit.status:
        case VisitStatus.CHECKED_IN:
            return (_CALL_IN, _COMPLETE, _UNDO)
        case VisitStatus.IN_ROOM:
            return (_COMPLETE, _UNDO_CALL_IN)
        case VisitStatus.SCHEDULED:
            return (*check_in, _MISS) if visit.starts_at < timestamp else check_in
        case VisitStatus.NO_SHOW:
            return check_in
        case VisitStatus.COMPLETED:
            return (_REOPEN,) if may_correct else ()
        case _:
            return ()
