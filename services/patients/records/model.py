"""A patient as the source outside the database sees one."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, get_type_hints
from uuid import UUID


class Sex(StrEnum):
    """Administrative gender, in the four codes of HL7 FHIR."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


SEX_LABELS: Final = {
    Sex.FEMALE: "Female",
    Sex.MALE: "Male",
    Sex.OTHER: "Other",
    Sex.UNKNOWN: "Unknown",
}


class ImportSource(StrEnum):
    """Where patients were imported from; generated ones come from none of these."""

    FHIR = "fhir"
    SYNTHEA = "synthea"


@dataclass(frozen=True, slots=True)
class PatientField:
    """A field's label, its longest text, and the help in its form."""

    label: str
    longest: int | None = None
    help: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFields:
    """The fields of a patient that a person fills in, in the order of the form.

    The one definition of these fields: storage, checks, display, comparison, merging
    and export follow from it. Optional fields are None when left empty.
    """

    first_name: Annotated[str, PatientField("First name", 50)]
    last_name: Annotated[str, PatientField("Last name", 50)]
    date_of_birth: Annotated[
        date,
        PatientField(
            "Date of birth", help="For example 1980-01-31, 31.1.1980 or 31 Jan 1980."
        ),
    ]
    sex: Annotated[Sex, PatientField("Sex")] = Sex.UNKNOWN
    email: Annotated[str | None, PatientField("E-mail", 254)] = None
    phone_number: Annotated[
        str | None,
        PatientField(
            "Phone number", help="10 to 15 digits, with a + before a country code."
        ),
    ] = None
    address: Annotated[str | None, PatientField("Address", 100)] = None
    emergency_contact: Annotated[
        str | None,
        PatientField(
            "Emergency contact", 50, help="Name and phone number of a person to call."
        ),
    ] = None
    allergies: Annotated[tuple[str, ...], PatientField("Allergies")] = ()
    no_known_allergies: Annotated[bool, PatientField("No known allergies")] = False
    medical_history: Annotated[tuple[str, ...], PatientField("Medical history")] = ()
    current_medications: Annotated[
        tuple[str, ...], PatientField("Current medications")
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientDraft(PatientFields):
    """The fields with the values that somebody wants to save."""


FIELDS: Final[Mapping[str, PatientField]] = {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(PatientFields, include_extras=True).items()
}
# The fields that may be left empty: those of one line, and those of many entries.
OPTIONAL_TEXTS: Final = tuple(
    field.name for field in fields(PatientFields) if field.default is None
)
LISTS: Final = tuple(
    field.name for field in fields(PatientFields) if field.default == ()
)


def years_lived(date_of_birth: date, today: date) -> int:
    """Return the completed years of life on the given day."""
    birthday_is_ahead = (today.month, today.day) < (
        date_of_birth.month,
        date_of_birth.day,
    )
    return today.year - date_of_birth.year - birthday_is_ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Just enough of a patient to identify them at the desk.

    For actors who must find somebody whose record they may not open.
    """

    id: UUID
    record_number: str
    first_name: str
    last_name: str
    date_of_birth: date
    sex: Sex
    deleted_at: datetime | None

    @property
    def is_archived(self) -> bool:
        """Whether the record is archived."""
        return self.deleted_at is not None

    def age(self, today: date) -> int:
        """Return the completed years of life on the given day."""
        return years_lived(self.date_of_birth, today)


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudonymisedPatient:
    """A patient as analysts see one: no name, no contact data, no day of birth.

    A list shows a pseudonym as the id, and timestamps by month: anybody who knows when
    somebody came would find them by the minute.
    """

    id: UUID
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
        """Whether the record is archived."""
        return self.deleted_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRecord(PatientFields):
    """A patient's record as kept, at one version."""

    id: UUID
    record_number: str
    photo_file_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    merged_into_id: UUID | None
    # When the record was erased; only the fact that it existed is left since then.
    erased_at: datetime | None = None
    deceased_on: date | None = None
    # For an imported patient: the source, and the patient's id there.
    source: str | None = None
    source_id: str | None = None

    @property
    def is_archived(self) -> bool:
        """Whether the record is archived."""
        return self.deleted_at is not None

    @property
    def is_bookable(self) -> bool:
        """Whether visits can be booked for the patient."""
        return not self.is_archived and self.deceased_on is None

    def draft(self) -> PatientDraft:
        """Return the fields that a person may change."""
        return PatientDraft(**{name: getattr(self, name) for name in FIELDS})

    def age(self, today: date) -> int:
        """Return the completed years of life on the given day."""
        return years_lived(self.date_of_birth, today)

    def identity(self) -> Identity:
        """Return the identity of the patient, and nothing else."""
        return Identity(
            id=self.id,
            record_number=self.record_number,
            first_name=self.first_name,
            last_name=self.last_name,
            date_of_birth=self.date_of_birth,
            sex=self.sex,
            deleted_at=self.deleted_at,
        )
