"""Turns a row of the appointments table into a visit."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import ColumnElement, DateTime, Select, case, extract, func, select

from db.models.booking import Appointment, Booking
from db.models.doctor import Doctor
from db.models.patient import LISTED_NAME, PATIENT_NAME, Patient
from services.visits.front_desk.appointments.records import (
    CallOutcome,
    PhoneCall,
    VisitRecord,
    VisitStatus,
)

IS_IN_ROOM: Final = (Appointment.status == VisitStatus.CHECKED_IN.value) & (
    Appointment.called_in_at >= Appointment.checked_in_at
)
# The status of a visit, which the column alone does not show.
STATUS: Final = case((IS_IN_ROOM, VisitStatus.IN_ROOM.value), else_=Appointment.status)
# The database's clock while it runs, not the clock of the screen.
_WAITED: Final = case(
    (
        STATUS.in_((VisitStatus.CHECKED_IN.value,)),
        extract("epoch", func.clock_timestamp() - Appointment.checked_in_at),
    )
)
# Of everything shown of a visit: the doctor's data are part of it.
VERSION: Final = Appointment.revision + Doctor.revision - 1
CHANGED_AT: Final = func.greatest(
    Appointment.updated_at, Doctor.updated_at, type_=DateTime(timezone=True)
)
# In the order of VisitRecord's fields; visit_of relies on it.
_COLUMNS: Final[tuple[ColumnElement[Any] | Any, ...]] = (
    Appointment.id,
    Appointment.booking_id,
    Appointment.doctor_id,
    Doctor.name,
    Doctor.speciality,
    Doctor.room,
    Appointment.patient_id,
    PATIENT_NAME,
    Appointment.starts_at,
    Appointment.ends_at,
    STATUS,
    Appointment.code,
    Booking.note,
    Appointment.revision,
    Appointment.checked_in_at,
    Appointment.completed_at,
    Appointment.cancelled_at,
    _WAITED,
    Patient.date_of_birth,
    Patient.phone_number,
    Appointment.called_in_at,
    LISTED_NAME,
    VERSION,
    CHANGED_AT,
    Patient.deceased_on,
)
_CALL: Final = (
    Appointment.phone_outcome,
    Appointment.phoned_by_name,
    Appointment.phoned_at,
)
_NAMES: Final = tuple(field.name for field in fields(VisitRecord))[: len(_COLUMNS)]


def visits() -> Select[*tuple[Any, ...]]:
    """Return the statement that reads visits, each with its doctor and patient."""
    return (
        select(*_COLUMNS, *_CALL)
        .select_from(Appointment)
        .join(Booking, Booking.id == Appointment.booking_id)
        .join(Doctor, Doctor.id == Appointment.doctor_id)
        # A clinician who ended the treatment still sees the visit, not the record.
        .outerjoin(Patient, Patient.id == Appointment.patient_id)
    )


def visit_of(row: Sequence[Any]) -> VisitRecord:
    """Return the visit in a row of `visits`."""
    outcome, by, at = row[len(_COLUMNS) :]
    values = dict(zip(_NAMES, row[: len(_COLUMNS)], strict=True))
    if outcome is not None:
        values["call"] = PhoneCall(CallOutcome(outcome), by, at)
    values["status"] = VisitStatus(values["status"])
    if values["waited_seconds"] is not None:
        values["waited_seconds"] = float(values["waited_seconds"])
    return VisitRecord(**values)
