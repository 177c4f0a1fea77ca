"""A prescription that is about to be issued: all that its paper says."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.consultations.prescriptions.records import PrescriptionLine


@dataclass(frozen=True, slots=True)
class PrescriptionOrder:
    """What the paper says, read from the records in one go.

    `number` is that of the version it becomes, 1 unless it amends another.
    """

    id: UUID
    appointment_id: UUID
    number: int
    patient_id: UUID
    patient_name: str
    record_number: str
    date_of_birth: date
    allergies: tuple[str, ...]
    no_known_allergies: bool
    doctor_id: UUID
    license_number: str | None
    lines: tuple[PrescriptionLine, ...]
    note: str
    author_name: str
