"""Reading places on the waiting list; each reading is recorded."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.models.booking import Booking, Slot, WaitlistEntry
from db.models.doctor import Doctor
from db.models.patient import LISTED_NAME, PATIENT_NAME, Patient
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.visits.booking.patients import require_patient
from services.visits.booking.waitlist.records import (
    NoSuchEntry,
    OfferToPhone,
    WaitingList,
    WaitingPatient,
    WaitRecord,
    WaitStatus,
)
from services.visits.schedule.permissions import require_view

_WANTED: Final = aliased(Doctor)
_IS_BOOKABLE: Final = exists().where(
    _WANTED.is_active,
    _WANTED.deleted_at.is_(None),
    or_(
        _WANTED.id == WaitlistEntry.doctor_id,
        func.fold(_WANTED.speciality) == func.fold(WaitlistEntry.speciality),
    ),
)
# In the order of WaitRecord's fields, except for the booking, which comes last.
_COLUMNS: Final[tuple[Any, ...]] = (
    WaitlistEntry.id,
    WaitlistEntry.patient_id,
    WaitlistEntry.doctor_id,
    Doctor.name,
    WaitlistEntry.speciality,
    WaitlistEntry.from_at,
    WaitlistEntry.until_at,
    WaitlistEntry.status,
    WaitlistEntry.offered_at,
    WaitlistEntry.created_at,
    WaitlistEntry.ended_at,
    _IS_BOOKABLE,
)
_STATUS: Final = 7
# More are read through by nobody; the page says how many there are.
MOST_LISTED: Final = 300
_IS_HELD: Final = and_(
    Booking.status == "pending", Booking.expires_at > func.clock_timestamp()
)
_CAN_COME: Final = and_(Patient.deleted_at.is_(None), Patient.deceased_on.is_(None))


def list_of_patient(
    session: Session, actor: Actor, patient_id: UUID
) -> tuple[WaitRecord, ...]:
    """Return what the patient waits for, and the results, the newest first.

    Raises NoSuchPatient, NotAllowed.
    """
    require_view(actor)
    require_patient(session, actor, patient_id)
    rows = session.execute(
        _entries()
        .where(WaitlistEntry.patient_id == patient_id)
        .order_by(WaitlistEntry.created_at.desc(), WaitlistEntry.id.desc())
    )
    entries = tuple(map(_record_of, rows))
    audit.record(
        session,
        actor,
        Action.WAITLIST_READ,
        patient_id=patient_id,
        details={"count": len(entries)},
    )
    return entries


def list_everybody(
    session: Session, actor: Actor, *, shown_before: Collection[UUID] | None = None
) -> WaitingList:
    """Return who waits, those who have waited longest first, at most `MOST_LISTED`.

    Only those are listed who can still be offered a time: clinicians see the patients
    whom they treat. Patients `shown_before` on the same screen are not recorded again.
    Raises NotAllowed.
    """
    # A token that only reads visits may read who waits for one.
    actor.require(Permission.VIEW_VISITS)
    rows: Sequence[Any] = session.execute(
        select(
            WaitlistEntry.id,
            Patient.id,
            PATIENT_NAME,
            LISTED_NAME,
            Patient.date_of_birth,
            Patient.phone_number,
            WaitlistEntry.doctor_id,
            Doctor.name,
            WaitlistEntry.speciality,
            WaitlistEntry.from_at,
            WaitlistEntry.until_at,
            WaitlistEntry.created_at,
            Booking.expires_at,
            _IS_BOOKABLE,
            func.count().over(),
        )
        .join(Patient, Patient.id == WaitlistEntry.patient_id)
        .outerjoin(Doctor, Doctor.id == WaitlistEntry.doctor_id)
        .outerjoin(Booking, and_(Booking.waitlist_id == WaitlistEntry.id, _IS_HELD))
        .where(
            or_(
                and_(
                    WaitlistEntry.status == WaitStatus.WAITING,
                    WaitlistEntry.until_at > func.clock_timestamp(),
                ),
                Booking.id.is_not(None),
            ),
            _CAN_COME,
        )
        .order_by(WaitlistEntry.created_at, WaitlistEntry.id)
        .limit(MOST_LISTED)
    ).all()
    waiting = tuple(WaitingPatient(*row[:-1]) for row in rows)
    _record(session, actor, (each.patient_id for each in waiting), shown_before)
    return WaitingList(waiting, rows[0][-1] if rows else 0)


def list_offers_to_phone(
    session: Session, actor: Actor, *, shown_before: Collection[UUID] | None
) -> tuple[OfferToPhone, ...]:
    """Return the times held for patients on the waiting list without e-mail address.

    The first to run out comes first. Nobody else tells them of it. Patients
    `shown_before` on the same screen are not recorded again. Raises NotAllowed.
    """
    actor.require(Permission.RUN_THE_DESK)
    rows: Iterable[Any] = session.execute(
        select(
            Booking.id,
            Patient.id,
            PATIENT_NAME,
            Patient.phone_number,
            Doctor.name,
            Slot.starts_at,
            Booking.expires_at,
        )
        .join(Slot, Slot.id == Booking.slot_id)
        .join(Doctor, Doctor.id == Booking.doctor_id)
        .join(Patient, Patient.id == Booking.patient_id)
        .where(
            Booking.waitlist_id.is_not(None),
            _IS_HELD,
            Patient.email.is_(None),
            _CAN_COME,
        )
        .order_by(Booking.expires_at, Booking.id)
    )
    offers = tuple(OfferToPhone(*row) for row in rows)
    _record(session, actor, (offer.patient_id for offer in offers), shown_before)
    return offers


def get(session: Session, actor: Actor, entry_id: UUID) -> WaitRecord:
    """Return a place; raises NoSuchEntry, NotAllowed."""
    entry = look_up(session, actor, entry_id)
    audit.record(
        session,
        actor,
        Action.WAITLIST_READ,
        patient_id=entry.patient_id,
        subject=("waitlist entry", entry.id),
    )
    return entry


def look_up(session: Session, actor: Actor, entry_id: UUID) -> WaitRecord:
    """Return a place, unrecorded; raises NoSuchEntry, NotAllowed."""
    require_view(actor)
    row = session.execute(_entries().where(WaitlistEntry.id == entry_id)).one_or_none()
    if row is None:
        raise NoSuchEntry
    entry = _record_of(row)
    if actor.role is Role.PATIENT and entry.patient_id != actor.patient_id:
        raise NoSuchEntry
    return entry


def _record(
    session: Session,
    actor: Actor,
    shown: Iterable[UUID],
    shown_before: Collection[UUID] | None,
) -> None:
    if fresh := set(shown).difference(shown_before or ()):
        # By this key patients find the lists that showed them.
        details = {"patients": sorted(fresh)}
        audit.record(session, actor, Action.WAITLIST_READ, details=details)


def _entries() -> Select[*tuple[Any, ...]]:
    offered = (
        select(Booking.id)
        .where(Booking.waitlist_id == WaitlistEntry.id)
        .order_by(Booking.created_at.desc(), Booking.id.desc())
        .limit(1)
        .correlate(WaitlistEntry)
        .scalar_subquery()
    )
    return select(*_COLUMNS, offered).outerjoin(
        Doctor, Doctor.id == WaitlistEntry.doctor_id
    )


def _record_of(row: Sequence[Any]) -> WaitRecord:
    values = list(row)
    values[_STATUS] = WaitStatus(values[_STATUS])
    return WaitRecord(*values)
