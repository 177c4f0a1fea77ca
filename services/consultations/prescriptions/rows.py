"""The rows of prescriptions, and converting them to records."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, case, select, true
from sqlalchemy.orm import Session

from db.models.booking import Appointment
from db.models.consultation import Prescription, PrescriptionVersion
from db.models.doctor import Doctor
from services.consultations.prescriptions import records
from services.consultations.prescriptions.records import (
    PrescriptionLine,
    PrescriptionRecord,
    PrescriptionStatus,
)
from services.core import audit
from services.core.actors import Actor, Permission, Role

_WITHDRAWN: Final = PrescriptionStatus.WITHDRAWN.value
_FACTS: Final = (
    Prescription.id,
    Prescription.appointment_id,
    Prescription.patient_id,
    Prescription.doctor_id,
    Doctor.name.label("doctor_name"),
    Appointment.starts_at.label("visit_at"),
    Prescription.status,
    Prescription.latest,
    # A withdrawn prescription is never changed again.
    case((Prescription.status == _WITHDRAWN, Prescription.updated_at)).label(
        "withdrawn_at"
    ),
)
_VERSION: Final = (
    PrescriptionVersion.number,
    PrescriptionVersion.lines,
    PrescriptionVersion.note,
    PrescriptionVersion.file_id,
    PrescriptionVersion.filename,
    PrescriptionVersion.filesize,
    PrescriptionVersion.sha256,
    PrescriptionVersion.signer,
    PrescriptionVersion.author_id,
    PrescriptionVersion.author_name,
    PrescriptionVersion.created_at,
)

# Records what was done with one version of a prescription.
record_event: Final[audit.Recorder[PrescriptionRecord]] = audit.Recorder(
    "prescription", lambda prescription: {"version": prescription.version.number}
)


def permission_to_view(actor: Actor) -> Permission:
    """Return the permission to see prescriptions that the actor's role needs."""
    own = actor.role is Role.PATIENT
    return Permission.VIEW_OWN_PRESCRIPTIONS if own else Permission.VIEW_PRESCRIPTIONS


def require_view(actor: Actor) -> None:
    """Raise NotAllowed unless the actor may see prescriptions, or their own."""
    actor.require(permission_to_view(actor))


def is_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Select what the actor may see; the database's policies restrict it further."""
    if actor.role is Role.PATIENT:
        return Prescription.patient_id == actor.patient_id
    return true()


def prescriptions(number: int | None = None) -> Select[*tuple[Any, ...]]:
    """Select prescriptions with version `number`, or with their latest."""
    wanted = Prescription.latest if number is None else number
    return any_versions().where(PrescriptionVersion.number == wanted)


def any_versions() -> Select[*tuple[Any, ...]]:
    """Select prescriptions joined with all their versions."""
    return (
        select(*_FACTS, *_VERSION)
        .join(Doctor, Doctor.id == Prescription.doctor_id)
        .join(Appointment, Appointment.id == Prescription.appointment_id)
        .join(
            PrescriptionVersion, PrescriptionVersion.prescription_id == Prescription.id
        )
    )


def find(
    session: Session, actor: Actor, prescription_id: UUID, number: int | None = None
) -> PrescriptionRecord | None:
    """Return the prescription if the actor may see it."""
    statement = prescriptions(number).where(
        Prescription.id == prescription_id, is_visible_to(actor)
    )
    row = session.execute(statement).one_or_none()
    return None if row is None else record_of(row)


def record_of(row: Row[*tuple[Any, ...]]) -> PrescriptionRecord:
    """Return the prescription from a row of `prescriptions`."""
    return PrescriptionRecord(
        row.id,
        row.appointment_id,
        row.patient_id,
        row.doctor_id,
        row.doctor_name,
        row.visit_at,
        PrescriptionStatus(row.status),
        row.latest,
        _version_of(row[len(_FACTS) :]),
        row.withdrawn_at,
    )


def versions_of(
    session: Session, prescription_id: UUID
) -> tuple[records.PrescriptionVersion, ...]:
    """Return all versions, the newest first."""
    rows = session.execute(
        select(*_VERSION)
        .where(PrescriptionVersion.prescription_id == prescription_id)
        .order_by(PrescriptionVersion.number.desc())
    )
    return tuple(map(_version_of, rows))


def kept_lines(lines: Sequence[PrescriptionLine]) -> list[dict[str, str]]:
    """Return the lines as the row stores them, without empty fields."""
    return [
        {
            name: value
            for name in PrescriptionLine.__slots__
            if (value := getattr(line, name))
        }
        for line in lines
    ]


def _version_of(row: Sequence[Any]) -> records.PrescriptionVersion:
    number, lines, *rest = row
    return records.PrescriptionVersion(number, tuple(map(line_of, lines)), *rest)


def line_of(kept: Mapping[str, str]) -> PrescriptionLine:
    """Return the line from its content in a row."""
    # A later release, which may be running beside this one, may store more fields.
    known = PrescriptionLine.__slots__
    return PrescriptionLine(**{name: kept[name] for name in known if name in kept})
