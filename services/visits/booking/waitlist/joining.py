"""Joining and leaving the waiting list."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.booking import WaitlistEntry
from db.models.doctor import Doctor
from db.models.patient import Patient
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor
from services.core.audit import Action
from services.core.errors import InvalidInput, NotFound
from services.visits.booking.patients import require_in_use, require_patient
from services.visits.booking.waitlist import waiting_queue
from services.visits.booking.waitlist.reading import look_up
from services.visits.booking.waitlist.records import (
    EntryIdTaken,
    NotWaiting,
    TooManyPlaces,
    WaitRecord,
    WaitRequest,
    WaitsAlready,
    WaitStatus,
)
from services.visits.schedule import permissions

MOST_PLACES: Final = 5
_MOST_DAYS: Final = 366


def join(session: Session, actor: Actor, request: WaitRequest) -> WaitRecord:
    """Put the patient in line; the caller commits.

    The same request again with the same `entry_id` returns the place that it has.
    Raises InvalidInput, WaitsAlready, TooManyPlaces, NoSuchPatient, PatientArchived,
    NotFound, NotAllowed, EntryIdTaken, and NotWaiting if that place was left.
    """
    actor.require(permissions.book_permission(actor), request.patient_id)
    override = permissions.read_override(actor, request.override_reason)
    require_patient(session, actor, request.patient_id)
    with assume_role(session, "system"):
        _lock(session, request.patient_id)
        require_in_use(session, request.patient_id)
    # Before the checks: the place itself may be the one of which there is no second.
    if earlier := _find_earlier(session, actor, request):
        return earlier
    _check(session, request)
    with assume_role(session, "system"):
        _require_room(session, request, is_overridden=override is not None)
        entry_id = session.scalar(
            insert(WaitlistEntry)
            .values(
                patient_id=request.patient_id,
                doctor_id=request.doctor_id,
                speciality=request.speciality,
                from_at=request.from_at,
                until_at=request.until_at,
                created_by=actor.id,
                **({"id": request.entry_id} if request.entry_id else {}),
            )
            .on_conflict_do_nothing(index_elements=[WaitlistEntry.id])
            .returning(WaitlistEntry.id)
        )
    # The lock keeps out requests for the same patient only.
    if entry_id is None:
        raise EntryIdTaken
    return _recorded(session, actor, Action.WAITLIST_JOIN, entry_id, reason=override)


def leave(session: Session, actor: Actor, entry_id: UUID) -> WaitRecord:
    """Take the patient off the waiting list; the caller commits.

    Raises NoSuchEntry, NotWaiting, NotAllowed.
    """
    before = look_up(session, actor, entry_id)
    actor.require(permissions.book_permission(actor), before.patient_id)
    with assume_role(session, "system"):
        left = session.scalar(
            update(WaitlistEntry)
            .where(
                WaitlistEntry.id == entry_id,
                WaitlistEntry.status == WaitStatus.WAITING,
            )
            .values(status=WaitStatus.LEFT, ended_at=func.clock_timestamp())
            .returning(WaitlistEntry.id)
            .execution_options(synchronize_session=False)
        )
    if left is None:
        raise NotWaiting(look_up(session, actor, entry_id))
    return _recorded(session, actor, Action.WAITLIST_LEAVE, entry_id)


def leave_satisfied(
    session: Session,
    actor: Actor,
    booking_id: UUID,
    patient_id: UUID,
    *,
    replaced_id: UUID | None = None,
) -> tuple[UUID, ...]:
    """End the patient's waits for a visit such as this one; return the places.

    For services that book. The caller commits.
    """
    with assume_role(session, "system"):
        ended = waiting_queue.end_satisfied(
            session, booking_id, replaced_id=replaced_id
        )
    for entry_id in ended:
        audit.record(
            session,
            actor,
            Action.WAITLIST_LEAVE,
            patient_id=patient_id,
            subject=("waitlist entry", entry_id),
            details={"booking": booking_id},
        )
    return ended


def _check(session: Session, request: WaitRequest) -> None:
    if (request.doctor_id is None) == (request.speciality is None):
        raise InvalidInput(
            "doctor_id", "Choose a doctor or a speciality for the waiting list."
        )
    if request.until_at <= request.from_at:
        raise InvalidInput(
            "until_at", "The last day is not after the first one; choose a later one."
        )
    if session.scalar(select(request.until_at <= func.clock_timestamp())):
        raise InvalidInput("until_at", "The last day has passed; choose a later one.")
    if session.scalar(
        select(request.until_at > func.clock_timestamp() + timedelta(days=_MOST_DAYS))
    ):
        raise InvalidInput(
            "until_at",
            "A patient waits for a year at most; choose an earlier last day.",
        )
    wanted = (
        Doctor.id == request.doctor_id
        if request.doctor_id
        else func.fold(Doctor.speciality) == func.fold(request.speciality)
    )
    there = select(Doctor.id).where(
        wanted, Doctor.is_active, Doctor.deleted_at.is_(None)
    )
    if session.scalar(there.limit(1)) is None:
        raise NotFound("There is no such doctor to book; check the list of doctors.")


def _lock(session: Session, patient_id: UUID) -> None:
    """Lock the patient: two that join at once queue up here, and so does a merge."""
    patient = select(Patient.id).where(Patient.id == patient_id)
    session.execute(patient.with_for_update(key_share=True))


def _find_earlier(
    session: Session, actor: Actor, request: WaitRequest
) -> WaitRecord | None:
    """Return the place that this request has made; the patient is locked.

    Raises EntryIdTaken, NotWaiting.
    """
    if request.entry_id is None:
        return None
    # A wait that begins in the past begins now, so the day may change between the two.
    now = func.now()
    is_same = and_(
        WaitlistEntry.patient_id == request.patient_id,
        WaitlistEntry.doctor_id.is_not_distinct_from(request.doctor_id),
        WaitlistEntry.speciality.is_not_distinct_from(request.speciality),
        func.greatest(WaitlistEntry.from_at, now)
        == func.greatest(request.from_at, now),
        WaitlistEntry.until_at == request.until_at,
    )
    with assume_role(session, "system"):
        was_same = session.scalar(
            select(is_same).where(WaitlistEntry.id == request.entry_id)
        )
    if was_same is None:
        return None
    if not was_same:
        raise EntryIdTaken
    earlier = look_up(session, actor, request.entry_id)
    if earlier.status in {WaitStatus.LEFT, WaitStatus.PASSED}:
        raise NotWaiting(earlier)
    return earlier


def _require_room(
    session: Session, request: WaitRequest, *, is_overridden: bool
) -> None:
    """Raise WaitsAlready or TooManyPlaces; the patient is locked."""
    is_same = (
        WaitlistEntry.doctor_id == request.doctor_id
        if request.doctor_id
        else func.fold(WaitlistEntry.speciality) == func.fold(request.speciality)
    )
    waiting = session.scalars(
        select(is_same.is_(True)).where(
            WaitlistEntry.patient_id == request.patient_id,
            WaitlistEntry.status == WaitStatus.WAITING,
        )
    ).all()
    if any(waiting):
        raise WaitsAlready
    if len(waiting) >= MOST_PLACES and not is_overridden:
        raise TooManyPlaces(MOST_PLACES)


def _recorded(
    session: Session,
    actor: Actor,
    action: Action,
    entry_id: UUID,
    *,
    reason: str | None = None,
) -> WaitRecord:
    entry = look_up(session, actor, entry_id)
    audit.record(
        session,
        actor,
        action,
        patient_id=entry.patient_id,
        subject=("waitlist entry", entry.id),
        reason=reason,
        details={"doctor": entry.doctor_id, "speciality": entry.speciality},
    )
    return entry
