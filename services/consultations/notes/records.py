"""What is written about visits, as it is kept."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A code, in words, or both; what was not given is empty.

    `system` is what the code is of, as a URI; without one it is of ICD-10 (WHO).
    """

    code: str = ""
    text: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What was measured, in the units of VITALS; None is what was not."""

    systolic: float | None = None
    diastolic: float | None = None
    pulse: float | None = None
    temperature: float | None = None
    breathing_rate: float | None = None
    saturation: float | None = None
    weight: float | None = None
    height: float | None = None


@dataclass(frozen=True, slots=True)
class Notes:
    """What a clinician writes about a visit."""

    complaint: str = ""
    findings: str = ""
    diagnoses: tuple[Diagnosis, ...] = ()
    vitals: Vitals = Vitals()
    plan: str = ""


@dataclass(frozen=True, slots=True)
class NotesVersion:
    """Notes as somebody saved them; every version is kept.

    Those with `as_of` were brought back from that time, word for word.
    """

    number: int
    notes: Notes
    author_id: UUID
    author_name: str
    saved_at: datetime
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class NotesRecord:
    """The medical record of a visit: the version that counts."""

    id: UUID
    appointment_id: UUID
    patient_id: UUID
    latest: NotesVersion


@dataclass(frozen=True, slots=True)
class EarlierNotes:
    """The notes of a visit as they read now.

    `shared` are the words they were found by, if they were searched for.
    """

    appointment_id: UUID
    visited_at: datetime
    doctor_name: str
    notes: Notes
    shared: tuple[str, ...] = ()
