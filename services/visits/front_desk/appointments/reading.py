"""Reading visits: one, a day's, a patient's; each reading is recorded."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, false, func, select, true, tuple_
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.models.doctor import Doctor
from db.models.patient import Patient
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import PlaceGone
from services.visits.front_desk.appointments import codes
from services.visits.front_desk.appointments.errors import NoSuchCode, NoSuchVisit
from services.visits.front_desk.appointments.moves import bookings_after
from services.visits.front_desk.appointments.records import VisitRecord, VisitStatus
from services.visits.front_desk.appointments.rows import visit_of, visits
from services.visits.schedule import permissions

_MOST: Final = 500
# A week of a clinic, or a day of a large one.
_MOST_BETWEEN: Final = 5000
# So that on a Friday the visits of Monday are listed, or those after a holiday.
_DAYS_TO_PHONE: Final = 7

# Records what was done with a visit; also for other services.
record_event: Final[audit.Recorder[VisitRecord]] = audit.Recorder(
    "visit", lambda visit: {"revision": visit.revision}
)


def get(session: Session, actor: Actor, visit_id: UUID) -> VisitRecord:
    """Return the visit; patients see their own. Raises NoSuchVisit, NotAllowed."""
    visit = look_up(session, actor, visit_id)
    record_event(session, actor, Action.VISIT_READ, visit)
    return visit


def look_up(session: Session, actor: Actor, visit_id: UUID) -> VisitRecord:
    """Return the visit to another service, which records what it does with it."""
    require_view(actor)
    matches = _list(session, Appointment.id == visit_id, _is_visible_to(actor))
    if not matches:
        raise NoSuchVisit
    return matches[0]


def find_by_code(session: Session, actor: Actor, typed: str) -> VisitRecord:
    """Return the visit whose ticket was scanned or typed at the desk.

    The ticket of a visit that was moved leads to its present time. Raises NotACode,
    NoSuchCode, NotAllowed.
    """
    actor.require(Permission.RUN_THE_DESK)
    of_ticket = _list(session, Appointment.code == codes.parse(typed))
    if not of_ticket:
        raise NoSuchCode
    matches = _list_standing(session, of_ticket[0]) or of_ticket
    record_event(session, actor, Action.VISIT_READ, matches[0], by_code=True)
    return matches[0]


def _list_standing(session: Session, visit: VisitRecord) -> tuple[VisitRecord, ...]:
    """Return the visit that a cancelled one was moved to, perhaps by several moves."""
    if visit.status is not VisitStatus.CANCELLED:
        return ()
    later = bookings_after(visit.booking_id, visit.patient_id)
    return _list(
        session,
        Appointment.booking_id.in_(select(later.c.id)),
        Appointment.status != VisitStatus.CANCELLED.value,
    )


def list_of_day(
    session: Session,
    actor: Actor,
    day: date,
    zone: tzinfo,
    *,
    doctor_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = _MOST,
    shown_before: Collection[UUID] | None = None,
) -> tuple[VisitRecord, ...]:
    """Return the visits of a day in this zone, the earliest first; raises NotAllowed.

    For a clinician, those of their own patients and those that they are booked for. At
    most 500, or `limit`, are returned; if there are that many, more may follow `after`
    the last of them. `shown_before` is as in `list_between`. Raises InvalidInput if
    there is no such visit.
    """
    actor.require(Permission.VIEW_VISITS)
    _require_place(session, after)
    listed = _list(
        session,
        *_on(day, zone),
        Appointment.doctor_id == doctor_id if doctor_id else true(),
        _follows(after) if after else true(),
        limit=min(limit, _MOST),
    )
    _record_list(session, actor, listed, day=day, shown_before=shown_before)
    return listed


def list_between(
    session: Session,
    actor: Actor,
    from_at: datetime,
    until_at: datetime,
    *,
    doctor_ids: Collection[UUID] | None,
    shown_before: Collection[UUID] | None = None,
    is_printed: bool = False,
) -> tuple[VisitRecord, ...]:
    """Return visits that begin in this time and were not cancelled, the earliest first.

    With these doctors, or with any for None; for a clinician as in `list_of_day`.
    Patients `shown_before` on the same screen are not recorded again: a list that is
    refreshed every minute counts as one look, which begins with None. Raises
    NotAllowed.
    """
    actor.require(Permission.VIEW_VISITS)
    listed = _list(
        session,
        Appointment.starts_at >= from_at,
        Appointment.starts_at < until_at,
        true() if doctor_ids is None else Appointment.doctor_id.in_(doctor_ids),
        Appointment.status != VisitStatus.CANCELLED.value,
        limit=_MOST_BETWEEN,
    )
    _record_list(
        session,
        actor,
        listed,
        day=from_at.date(),
        shown_before=shown_before,
        is_printed=is_printed,
    )
    return listed


def list_own_day(
    session: Session,
    actor: Actor,
    day: date,
    zone: tzinfo,
    *,
    shown_before: Collection[UUID] | None = None,
) -> tuple[VisitRecord, ...]:
    """Return the day's visits of the actor's own doctor; see list_of_day."""
    actor.require(Permission.VIEW_VISITS)
    listed = _list(session, *_on(day, zone), Doctor.user_id == actor.id)
    _record_list(session, actor, listed, day=day, shown_before=shown_before)
    return listed


def list_of_patient(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    *,
    after: UUID | None = None,
    have_begun: bool = False,
    limit: int = 100,
) -> tuple[VisitRecord, ...]:
    """Return the visits of a patient, the latest first; patients see their own.

    With `have_begun`, those to come are left out. At most 100, or `limit`, are
    returned; if there are that many, more may follow `after` the last of them. Raises
    NotAllowed, and InvalidInput if there is no such visit.
    """
    require_view(actor, patient_id)
    _require_place(session, after)
    rows = session.execute(
        visits()
        .where(
            Appointment.patient_id == patient_id,
            _is_visible_to(actor),
            _precedes(after) if after else true(),
            _has_begun() if have_begun else true(),
        )
        .order_by(Appointment.starts_at.desc(), Appointment.id.desc())
        .limit(limit)
    )
    listed = tuple(map(visit_of, rows))
    _record_list(session, actor, listed, patient_id=patient_id)
    return listed


def list_expected(
    session: Session,
    actor: Actor,
    patient_ids: Collection[UUID],
    day: date,
    zone: tzinfo,
) -> tuple[VisitRecord, ...]:
    """Return these patients' visits that day, in this zone, scheduled or checked in.

    To be checked before something is done to the patients; raises NotAllowed.
    """
    actor.require(Permission.VIEW_VISITS)
    ahead = (VisitStatus.SCHEDULED.value, VisitStatus.CHECKED_IN.value)
    listed = _list(
        session,
        *_on(day, zone),
        Appointment.patient_id.in_(patient_ids),
        Appointment.status.in_(ahead),
    )
    _record_list(session, actor, listed, day=day)
    return listed


def list_to_phone(
    session: Session,
    actor: Actor,
    first_day: date,
    zone: tzinfo,
    *,
    shown_before: Collection[UUID] | None = None,
) -> tuple[VisitRecord, ...]:
    """Return the visits to come of patients without e-mail, the earliest first.

    They get no reminder otherwise. All are on one day, the first with any from
    `first_day` on, within a week. Patients who have died are left out. Patients
    `shown_before` on the same screen are not recorded again, as in `list_between`.
    Raises NotAllowed.
    """
    actor.require(Permission.RUN_THE_DESK)
    (begins, _), (_, ends) = (
        _on(first_day, zone),
        _on(first_day + timedelta(days=_DAYS_TO_PHONE - 1), zone),
    )
    ahead = _list(
        session,
        begins,
        ends,
        Appointment.status == VisitStatus.SCHEDULED.value,
        # A record that a clinician may not see shows no address either.
        Patient.id.is_not(None),
        Patient.email.is_(None),
        Patient.deceased_on.is_(None),
    )
    days = [visit.starts_at.astimezone(zone).date() for visit in ahead]
    listed = ahead[: days.count(days[0])] if days else ()
    shown_day = days[0] if days else first_day
    _record_list(session, actor, listed, day=shown_day, shown_before=shown_before)
    return listed


def require_view(actor: Actor, patient_id: UUID | None = None) -> None:
    """Raise NotAllowed unless the actor may see visits, or their own."""
    actor.require(permissions.view_permission(actor), patient_id)


def _list(
    session: Session, *conditions: ColumnElement[bool], limit: int = _MOST
) -> tuple[VisitRecord, ...]:
    rows = session.execute(
        visits()
        .where(*conditions)
        .order_by(Appointment.starts_at, Appointment.id)
        .limit(limit)
    )
    return tuple(map(visit_of, rows))


def _is_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition for the actor's visits; row-level security does the rest."""
    if actor.role is not Role.PATIENT:
        return true()
    if actor.patient_id is None:
        return false()
    return Appointment.patient_id == actor.patient_id


def _has_begun() -> ColumnElement[bool]:
    """Return the condition for visits not to come; some patients come early."""
    has_come = Appointment.status.in_(
        (VisitStatus.CHECKED_IN.value, VisitStatus.COMPLETED.value)
    )
    return (Appointment.starts_at <= func.clock_timestamp()) | has_come


def _on(day: date, zone: tzinfo) -> tuple[ColumnElement[bool], ...]:
    """Return the condition for visits on the day, which may have 23 or 25 hours."""
    midnight = datetime.combine(day, time.min, zone)
    next_midnight = datetime.combine(day + timedelta(days=1), time.min, zone)
    return (Appointment.starts_at >= midnight, Appointment.starts_at < next_midnight)


def _follows(visit_id: UUID) -> ColumnElement[bool]:
    """Return the condition for visits after this one in a day's list."""
    return tuple_(Appointment.starts_at, Appointment.id) > _place_of(visit_id)


def _precedes(visit_id: UUID) -> ColumnElement[bool]:
    """Return the condition for visits after this one in a patient's list."""
    return tuple_(Appointment.starts_at, Appointment.id) < _place_of(visit_id)


def _require_place(session: Session, visit_id: UUID | None) -> None:
    """Raise PlaceGone for a page after a visit that is not, or no longer, there.

    Nothing would follow it: the list would seem to end.
    """
    if visit_id is None:
        return
    there = select(Appointment.id).where(Appointment.id == visit_id)
    if session.scalar(there) is None:
        raise PlaceGone


def _place_of(visit_id: UUID) -> ScalarSelect[Any]:
    place = select(Appointment.starts_at, Appointment.id)
    return place.where(Appointment.id == visit_id).scalar_subquery()


def _record_list(
    session: Session,
    actor: Actor,
    listed: Sequence[VisitRecord],
    *,
    patient_id: UUID | None = None,
    day: date | None = None,
    shown_before: Collection[UUID] | None = None,
    is_printed: bool = False,
) -> None:
    patients = {visit.patient_id for visit in listed}.difference(shown_before or ())
    if shown_before is not None and not patients:
        return
    audit.record(
        session,
        actor,
        Action.VISIT_LIST,
        patient_id=patient_id,
        # By this key patients find the lists that showed them.
        details={
            "day": day,
            "patients": sorted(patients),
        }
        | ({"printed": True} if is_printed else {}),
    )
