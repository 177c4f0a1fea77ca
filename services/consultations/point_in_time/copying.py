"""Bringing an earlier visit back into today; sessions write to the primary."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from services.consultations import notes
from services.consultations.notes import Notes, NotesRecord
from services.consultations.point_in_time.comparing import (
    RestoreAction,
    VisitChange,
    VisitComparison,
    compare_today,
)
from services.core import reasons
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict
from services.visits.booking import bookings
from services.visits.booking.bookings import (
    BookingRecord,
    BookingRequest,
    BookingStatus,
)
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import (
    StaleVisit,
    VisitRecord,
    VisitStatus,
)
from services.visits.schedule import slots

_Step = Callable[..., VisitRecord]
_UNDOING: Final[Mapping[VisitStatus, _Step]] = MappingProxyType(
    {
        VisitStatus.CHECKED_IN: appointments.undo_check_in,
        VisitStatus.IN_ROOM: appointments.undo_call_in,
        VisitStatus.COMPLETED: appointments.reopen,
    }
)
_ARRIVING: Final[Mapping[VisitStatus, _Step]] = MappingProxyType(
    {
        VisitStatus.SCHEDULED: appointments.check_in,
        VisitStatus.NO_SHOW: appointments.check_in,
    }
)
# The desk's next step, by the wanted state and the current one.
_STEPS: Final[Mapping[VisitStatus, Mapping[VisitStatus, _Step]]] = MappingProxyType(
    {
        VisitStatus.SCHEDULED: {
            **_UNDOING,
            VisitStatus.NO_SHOW: appointments.check_in,
        },
        VisitStatus.CHECKED_IN: {**_UNDOING, **_ARRIVING},
        VisitStatus.IN_ROOM: {
            **_ARRIVING,
            VisitStatus.CHECKED_IN: appointments.call_in,
            VisitStatus.COMPLETED: appointments.reopen,
        },
        VisitStatus.COMPLETED: {
            **_ARRIVING,
            VisitStatus.CHECKED_IN: appointments.complete,
            VisitStatus.IN_ROOM: appointments.complete,
        },
        VisitStatus.NO_SHOW: {
            **_UNDOING,
            VisitStatus.SCHEDULED: appointments.miss,
        },
    }
)
_MICROSECOND: Final = timedelta(microseconds=1)


class NothingToRestore(Conflict):
    """Nothing of the visit can be brought back, or needs to be."""

    def __init__(self) -> None:
        super().__init__(
            "There is nothing left to bring back of this visit. Reload the page to "
            "see its current state."
        )


class TimeNotFree(Conflict):
    """The time of the visit is taken by somebody else, or no longer offered."""

    def __init__(self) -> None:
        super().__init__(
            "The time of this visit is no longer free. Book another time for the "
            "patient, or ask whoever has it to move."
        )


@dataclass(frozen=True, slots=True)
class VisitCopy:
    """The visit to bring back, as of when, and why.

    `revision` is that of today's visit as it was seen, None if there was none;
    `attempt` is made once for each request, as for any booking.
    """

    then: VisitRecord
    revision: int | None
    as_of: datetime | None
    reason: str
    attempt: UUID


@dataclass(frozen=True, slots=True)
class NotesCopy:
    """The notes that a visit is to have again, as of when, and why.

    `number` is the version of today's notes that was seen, 0 for none.
    """

    visit_id: UUID
    notes: Notes
    number: int
    as_of: datetime | None
    reason: str


def book_again(
    session: Session, actor: Actor, copy: VisitCopy, *, now: datetime
) -> BookingRecord:
    """Book an earlier visit at its time, or move its replacement back.

    The caller commits either way, then calls `bookings.require_held`: a lost race is
    recorded. The patient gets the same letter as for any booking. Raises
    NothingToRestore, StaleVisit, NoSuchVisit, TimeNotFree, InvalidInput, NotAllowed,
    and what `hold` raises.
    """
    compared, reason = _compare(
        session, actor, copy, now, RestoreAction.BOOK, RestoreAction.MOVE
    )
    booked = _book(session, actor, copy, compared)
    if booked.appointment_id is not None:
        visit = appointments.look_up(session, actor, booked.appointment_id)
        _record(session, actor, copy, visit, was=compared.change.value, reason=reason)
    return booked


def set_status_back(
    session: Session, actor: Actor, copy: VisitCopy, *, now: datetime
) -> VisitRecord:
    """Set a visit back to its earlier state by steps of the desk; the caller commits.

    Raises NothingToRestore, StaleVisit, NoSuchVisit, StepNotPossible, InvalidInput,
    NotAllowed.
    """
    compared, reason = _compare(session, actor, copy, now, RestoreAction.STATUS)
    visit, wanted = compared.today, copy.then.status
    assert visit is not None  # noqa: S101 (only of one that is there the way is this)
    while visit.status is not wanted:
        step = _STEPS[wanted][visit.status]
        visit = step(session, actor, visit.id, revision=visit.revision)
    _record(session, actor, copy, visit, was=compared.change.value, reason=reason)
    return visit


def bring_notes_back(session: Session, actor: Actor, copy: NotesCopy) -> NotesRecord:
    """Save earlier notes as the next version, marked as such; the caller commits.

    Their author is whoever brings them back. Raises NothingToRestore if today's notes
    are the same, and what saving notes raises.
    """
    actor.require(Permission.COPY_BACK)
    reason = reasons.read(copy.reason)
    saved = notes.save_earlier(
        session,
        actor,
        copy.visit_id,
        copy.notes,
        number=copy.number,
        as_of=copy.as_of,
    )
    if saved.latest.number <= copy.number:
        raise NothingToRestore
    visit = appointments.look_up(session, actor, copy.visit_id)
    _record(session, actor, copy, visit, was="written otherwise", reason=reason)
    return saved


def _compare(
    session: Session, actor: Actor, copy: VisitCopy, now: datetime, *ways: RestoreAction
) -> tuple[VisitComparison, str]:
    """Return the visit as it is now, and the reason. Raises NothingToRestore."""
    actor.require(Permission.COPY_BACK, copy.then.patient_id)
    reason = reasons.read(copy.reason)
    shown = compare_today(session, actor, [copy.then])
    if not shown:
        # It raises NoSuchVisit, as for somebody who may not know of the visit.
        appointments.look_up(session, actor, copy.then.id)
    (compared,) = shown
    today = compared.today
    if today is not None and today.revision != copy.revision:
        raise StaleVisit(today)
    if compared.restore_action(now) not in ways:
        raise NothingToRestore
    return compared, reason


def _book(
    session: Session, actor: Actor, copy: VisitCopy, compared: VisitComparison
) -> BookingRecord:
    then, moved = copy.then, compared.current
    is_move = compared.change is VisitChange.MOVED
    request = BookingRequest(
        _free_slot(session, actor, then),
        then.patient_id,
        copy.attempt,
        note=then.note,
        replaces_id=moved.booking_id if moved and is_move else None,
    )
    if is_move:
        return bookings.move(session, actor, request)
    held = bookings.hold(session, actor, request)
    if held.status is not BookingStatus.PENDING:
        return held
    return bookings.confirm(session, actor, held.id)


def _free_slot(session: Session, actor: Actor, then: VisitRecord) -> UUID:
    begins, ends = then.starts_at, then.starts_at + _MICROSECOND
    free, _ = slots.find_free(
        session, actor, begins, ends, doctor_ids=[then.doctor_id], limit=1
    )
    if not free:
        raise TimeNotFree
    return free[0].id


def _record(
    session: Session,
    actor: Actor,
    copy: VisitCopy | NotesCopy,
    visit: VisitRecord,
    *,
    was: str,
    reason: str,
) -> None:
    appointments.record_event(
        session,
        actor,
        Action.POINT_IN_TIME_COPY_VISIT,
        visit,
        reason=reason,
        as_of=copy.as_of and copy.as_of.isoformat(),
        was=was,
    )
