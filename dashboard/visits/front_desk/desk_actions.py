"""The desk's actions on a visit, and the message after each."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from dashboard.context import current_actor, write
from dashboard.ui.language import gettext as _, long_date, refusal_text
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from dashboard.visits.booking.times import clock
from dashboard.visits.front_desk import desk_words
from dashboard.visits.front_desk.desk_tables import ActionName
from services.core.errors import Conflict
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord, VisitStatus

_ACTIONS: Final[Mapping[ActionName, Callable[..., VisitRecord]]] = MappingProxyType(
    {
        "check_in": appointments.check_in,
        "undo": appointments.undo_check_in,
        "call_in": appointments.call_in,
        "undo_call_in": appointments.undo_call_in,
        "complete": appointments.complete,
        "reopen": appointments.reopen,
        "miss": appointments.miss,
    }
)


def check_in_by_code(typed: str) -> VisitRecord:
    """Check in the patient whose ticket was scanned or typed; return the visit.

    Raises NotACode, NoSuchCode, and what appointments.check_in raises.
    """
    actor = current_actor()
    return write(
        lambda session: appointments.check_in(
            session, actor, appointments.find_by_code(session, actor, typed).id
        )
    )


def do(visit: VisitRecord, action: ActionName) -> str:
    """Carry out the action on the visit as it is shown; return the message."""
    actor, change = current_actor(), _ACTIONS[action]
    done = write(
        lambda session: change(session, actor, visit.id, revision=visit.revision)
    )
    if action == "undo_call_in":
        return _("{patient} is waiting again.").format(
            patient=plain(desk_words.name_of_patient(done))
        )
    return message_of(done)


def do_or_explain(visit: VisitRecord, action: ActionName) -> None:
    """Carry out the action, and notify of it or of why it could not be done.

    Not beside the table: a long one would hide it, and the list is drawn anew, because
    mostly a colleague was quicker.
    """
    try:
        notify(do(visit, action))
    except Conflict as refusal:
        who = plain(desk_words.name_of_patient(visit))
        notify(f"**{who}**: {plain(refusal_text(refusal))}", icon="block")


def message_of(visit: VisitRecord) -> str:
    """Return how far the visit has come, with a warning if the patient has died."""
    done = _sentence(visit)
    has_come = visit.status in {VisitStatus.CHECKED_IN, VisitStatus.IN_ROOM}
    if visit.deceased_on is None or not has_come:
        return done
    warning = _(
        "But according to the record they died on {day}. Check whether this is the "
        "right patient, or correct the date of death in the record."
    ).format(day=long_date(visit.deceased_on))
    return f"{done} {warning}"


def _sentence(visit: VisitRecord) -> str:
    who = plain(desk_words.name_of_patient(visit))
    match visit.status:
        case VisitStatus.CHECKED_IN:
            return _("{patient} is checked in for {time} with {doctor}.").format(
                patient=who,
                time=clock(visit.starts_at),
                doctor=plain(desk_words.doctor_and_room(visit)),
            )
        case VisitStatus.IN_ROOM:
            return _("{patient} is in the room with {doctor}.").format(
                patient=who, doctor=plain(visit.doctor_name)
            )
        case VisitStatus.SCHEDULED:
            return _("{patient} is no longer checked in.").format(patient=who)
        case VisitStatus.COMPLETED:
            return _("{patient}'s visit is over.").format(patient=who)
        case _:
            return _("{patient} did not come.").format(patient=who)
