"""What a patient looks like outside the database."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class Sex(StrEnum):
    """Administrative gender, in the four codes of HL7 FHIR."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientDraft:
    """The fields that a person fills in; optional ones are None when left empty."""

    first_name: str
    last_name: str
    date_of_birth: date
    sex: Sex = Sex.UNKNOWN
    email: str | None = None
    phone_number: str | None = None
    address: str | None = None
    emergency_contact: str | None = None
    allergies: tuple[str, ...] = ()
    no_known_allergies: bool = False
    medical_history: tuple[str, ...] = ()
    current_medications: tuple[str, ...] = ()


def _years_lived(date_of_birth: date, today: date) -> int:
    birthday_is_ahead = (today.month, today.day) < (
        date_of_birth.month,
        date_of_birth.day,
    )
    return today.year - date_of_birth.year - birthday_is_ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Just enough of a patient to tell them from others at the desk.

    For whoever must find somebody whose record they may not open.
    """

    id: UUID
    first_name: str
    last_name: str
    date_of_birth: date
    sex: Sex
    deleted_at: datetime | None

    @property
    def is_archived(self) -> bool:
        """Whether the record is out of daily use."""
        return self.deleted_at is not None

    def age(self, today: date) -> int:
        """Return the completed years of life on the given day."""
        return _years_lived(self.date_of_birth, today)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnnamedPatient:
    """A patient as analysts see one: no name, no contact, no day of birth."""

    id: UUID
    initials: str
    birth_year: int
    sex: Sex
    allergies: tuple[str, ...]
    no_known_allergies: bool
    medical_history: tuple[str, ...]
    current_medications: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None

    @property
    def is_archived(self) -> bool:
        """Whether the record is out of daily use."""
        return self.deleted_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRecord:
    """A patient as kept, at one version."""

    id: UUID
    first_name: str
    last_name: str
    date_of_birth: date
    sex: Sex
    email: str | None
    phone_number: str | None
    address: str | None
    emergency_contact: str | None
    allergies: tuple[str, ...]
    no_known_allergies: bool
    medical_history: tuple[str, ...]
    current_medications: tuple[str, ...]
    photo_file_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    merged_into_id: UUID | None

    @property
    def is_archived(self) -> bool:
        """Whether the record is out of daily use."""
        return self.deleted_at is not None

    def draft(self) -> PatientDraft:
        """Return the fields that a person may change."""
        return PatientDraft(
            first_name=self.first_name,
            last_name=self.last_name,
            date_of_birth=self.date_of_birth,
            sex=self.sex,
            email=self.email,
            phone_number=self.phone_number,
            address=self.address,
            emergency_contact=self.emergency_contact,
            allergies=self.allergies,
            no_known_allergies=self.no_known_allergies,
            medical_history=self.medical_history,
            current_medications=self.current_medications,
        )

    def age(self, today: date) -> int:
        """Return the completed years of life on the given day."""
        return _years_lived(self.date_of_birth, today)

    def identity(self) -> Identity:
        """Return who this is, and nothing else."""
        return Identity(
            id=self.id,
            first_name=self.first_name,
            last_name=self.last_name,
            date_of_birth=self.date_of_birth,
            sex=self.sex,
            deleted_at=self.deleted_at,
        )
