"""The records of notes about visits."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A code, a text, or both; what was not given is empty.

    `system` is the code system, as a URI; without one the code is of ICD-10 (WHO).
    """

    code: str = ""
    text: str = ""
    system: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What two mentions of the same diagnosis have in common."""
        return self.system, self.code or self.text.casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """Vital signs in the units of VITALS; None if not measured."""

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
    """The medical record of a visit, with the version that counts."""

    id: UUID
    appointment_id: UUID
    patient_id: UUID
    latest: NotesVersion


@dataclass(frozen=True, slots=True)
class EarlierNotes:
    """The latest notes of a visit.

    `shared` are the words by which a search found them, if there was one.
    """

    appointment_id: UUID
    visited_at: datetime
    doctor_name: str
    notes: Notes
    shared: tuple[str, ...] = ()
