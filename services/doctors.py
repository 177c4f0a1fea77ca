"""The clinic's doctors."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from db.models import Doctor
from services.actors import Actor, Permission
from services.errors import NotFound


@dataclass(frozen=True, slots=True)
class DoctorRecord:
    """A doctor as kept."""

    id: UUID
    name: str
    speciality: str
    sex: str
    city: str | None


def list_doctors(
    session: Session, actor: Actor, *, search: str = "", limit: int = 50
) -> tuple[DoctorRecord, ...]:
    """Return doctors whose name, speciality and city contain every word, by name."""
    actor.require(Permission.VIEW_DOCTORS)
    rows = session.scalars(
        select(Doctor)
        .where(Doctor.deleted_at.is_(None), *map(_mentions, search.split()))
        .order_by(func.fold(Doctor.name), Doctor.id)
        .limit(limit)
    )
    return tuple(map(_record_of, rows))


def get_doctor(session: Session, actor: Actor, doctor_id: UUID) -> DoctorRecord:
    """Return the doctor, or raise NotFound."""
    actor.require(Permission.VIEW_DOCTORS)
    doctor = session.get(Doctor, doctor_id)
    if doctor is None or doctor.deleted_at is not None:
        raise NotFound("There is no such doctor. Look for the name in the list.")
    return _record_of(doctor)


def _mentions(word: str) -> ColumnElement[bool]:
    return or_(
        *(
            func.strpos(func.fold(column), func.fold(word)) > 0
            for column in (Doctor.name, Doctor.speciality, Doctor.city)
        )
    )


def _record_of(doctor: Doctor) -> DoctorRecord:
    return DoctorRecord(
        id=doctor.id,
        name=doctor.name,
        speciality=doctor.speciality,
        sex=doctor.sex,
        city=doctor.city,
    )
