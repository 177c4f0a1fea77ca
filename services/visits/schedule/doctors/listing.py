"""Doctors, found by what people remember of them."""

from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from db.models.booking import BookingSlot, Slot
from db.models.doctor import Doctor
from db.models.user import User
from services.core.actors import Actor, Permission, Role
from services.core.typed_text import tidy
from services.lists.folding import by_name
from services.visits.schedule.doctors.records import DoctorRecord, DoctorWorkload
from services.visits.schedule.doctors.rows import IS_KEPT, doctors, find, records_of
from services.visits.schedule.slots.taken import IS_AHEAD


def list_doctors(
    session: Session,
    actor: Actor,
    *,
    search: str = "",
    speciality: str | None = None,
    with_inactive: bool = False,
    limit: int = 50,
) -> tuple[DoctorRecord, ...]:
    """Return doctors whose name, speciality and city contain every word, by name.

    With a speciality, only doctors who have it; doctors who cannot be booked only with
    `with_inactive`. Raises NotAllowed.
    """
    actor.require(Permission.VIEW_DOCTORS)
    wanted = doctors().where(*map(_mentions, tidy(search).split()))
    if speciality is not None:
        wanted = wanted.where(func.fold(Doctor.speciality) == func.fold(speciality))
    if not with_inactive:
        wanted = wanted.where(Doctor.is_active)
    ordered = wanted.order_by(by_name(Doctor.name), Doctor.id).limit(limit)
    return records_of(actor, session.execute(ordered))


def get_doctor(session: Session, actor: Actor, doctor_id: UUID) -> DoctorRecord:
    """Return the doctor, even one who cannot be booked, or raise NotFound."""
    actor.require(Permission.VIEW_DOCTORS)
    return find(session, actor, doctor_id)


def list_specialities(session: Session, actor: Actor) -> tuple[str, ...]:
    """Return the specialities of the doctors who can be booked, by name."""
    actor.require(Permission.VIEW_DOCTORS)
    spelling = func.min(Doctor.speciality)
    return tuple(
        session.scalars(
            select(spelling)
            .where(IS_KEPT, Doctor.is_active)
            .group_by(func.fold(Doctor.speciality))
            .order_by(func.fold(spelling))
        )
    )


def list_clinicians(session: Session, actor: Actor) -> dict[UUID, str]:
    """Return the clinicians who can sign in as a doctor, by id; raises NotAllowed."""
    actor.require(Permission.MANAGE_DOCTORS)
    rows = session.execute(
        select(User.id, User.name)
        .where(User.role == Role.CLINICIAN.value, User.deactivated_at.is_(None))
        .order_by(by_name(User.name), User.id)
    )
    return {row.id: row.name for row in rows}


def find_workload_of(
    session: Session, actor: Actor, user_id: UUID
) -> DoctorWorkload | None:
    """Return the doctor as whom the user signs in, if any; raises NotAllowed."""
    actor.require(Permission.MANAGE_DOCTORS)
    visits_ahead = (
        select(func.count())
        .select_from(Slot)
        .join(BookingSlot, BookingSlot.slot_id == Slot.id)
        .where(Slot.doctor_id == Doctor.id, BookingSlot.status == "booked", IS_AHEAD)
        .correlate(Doctor)
        .scalar_subquery()
    )
    row = session.execute(
        select(Doctor.id, Doctor.name, Doctor.is_active, visits_ahead).where(
            Doctor.user_id == user_id, IS_KEPT
        )
    ).one_or_none()
    return DoctorWorkload(*row) if row else None


def _mentions(word: str) -> ColumnElement[bool]:
    return or_(
        *(
            func.strpos(func.fold(column), func.fold(word)) > 0
            for column in (Doctor.name, Doctor.speciality, Doctor.city)
        )
    )
