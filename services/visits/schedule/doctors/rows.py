"""Turns rows of the doctors table into records."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.models.booking import Slot
from db.models.doctor import Doctor
from services.core.actors import Actor, Permission
from services.visits.schedule.doctors.records import DoctorRecord
from services.visits.schedule.plans.errors import NoSuchDoctor
from services.visits.schedule.slots.taken import IS_FREE

IS_KEPT: Final = Doctor.deleted_at.is_(None)
_NEXT_FREE: Final = (
    select(Slot.starts_at)
    .where(Slot.doctor_id == Doctor.id, Doctor.is_active, IS_FREE)
    .correlate(Doctor)
    .order_by(Slot.starts_at)
    .limit(1)
    .scalar_subquery()
)
_NAMES: Final = tuple(field.name for field in fields(DoctorRecord))
_COLUMNS: Final[tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]] = tuple(
    _NEXT_FREE.label(name) if name == "next_free_at" else getattr(Doctor, name)
    for name in _NAMES
)
# For the clinic itself, not for everybody who may book.
_INTERNAL: Final = {"email": None, "license_number": None, "user_id": None}


def doctors() -> Select[*tuple[Any, ...]]:
    """Return a query for the doctors who work here, to be read with `records_of`."""
    return select(*_COLUMNS).where(IS_KEPT)


def records_of(
    actor: Actor, rows: Iterable[Row[*tuple[Any, ...]]]
) -> tuple[DoctorRecord, ...]:
    """Return the doctors in the rows, as far as the actor may see them."""
    hidden = {} if actor.may(Permission.MANAGE_DOCTORS) else _INTERNAL
    return tuple(
        DoctorRecord(**(dict(zip(_NAMES, row, strict=True)) | hidden)) for row in rows
    )


def find(session: Session, actor: Actor, doctor_id: UUID) -> DoctorRecord:
    """Return a doctor who works here, or raise NoSuchDoctor."""
    records = records_of(
        actor, session.execute(doctors().where(Doctor.id == doctor_id))
    )
    if not records:
        raise NoSuchDoctor
    return records[0]
