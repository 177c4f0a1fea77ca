"""A prescription that is about to be issued: the content of its paper."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.consultations.prescriptions.records import PrescriptionLine


@dataclass(frozen=True, slots=True)
class PrescriptionOrder:
    """The content of the paper, read from the records in one go.

    `number` is the version that it becomes, 1 unless it amends another.
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
