"""The JSON bodies that patients arrive in."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, JsonValue

from api.core.bodies import Body
from services.core.errors import InvalidInput
from services.patients.records import patients
from services.patients.records.model import PatientDraft, Sex


def _hint(description: str, **schema: JsonValue) -> Any:
    """Document a field; its limits are checked by the service, which explains them."""
    return Field(description=description, json_schema_extra=schema)


class PatientBody(Body):
    """A patient to register, or the new state of one."""

    first_name: Annotated[str, _hint("Given name.", maxLength=50)]
    last_name: Annotated[str, _hint("Family name.", maxLength=50)]
    date_of_birth: Annotated[
        str, _hint("YYYY-MM-DD, from 1900-01-01 to today.", format="date")
    ]
    sex: Annotated[
        str, _hint("Administrative gender.", enum=[sex.value for sex in Sex])
    ] = Sex.UNKNOWN.value
    email: Annotated[str | None, _hint("An e-mail address.", maxLength=254)] = None
    phone_number: Annotated[
        str | None, _hint("10 to 15 digits, optionally after a +.")
    ] = None
    address: Annotated[str | None, _hint("One line.", maxLength=100)] = None
    emergency_contact: Annotated[
        str | None, _hint("Whom to call, and how.", maxLength=50)
    ] = None
    allergies: list[str] = Field(default_factory=list)
    no_known_allergies: Annotated[
        bool, _hint("Stated by the patient; not together with allergies.")
    ] = False
    medical_history: list[str] = Field(default_factory=list)
    current_medications: list[str] = Field(default_factory=list)

    def draft(self) -> PatientDraft:
        """Return the fields with their types, or raise InvalidInput."""
        return PatientDraft(
            first_name=self.first_name,
            last_name=self.last_name,
            date_of_birth=patients.parse_date_of_birth(self.date_of_birth),
            sex=_sex(self.sex),
            email=self.email,
            phone_number=self.phone_number,
            address=self.address,
            emergency_contact=self.emergency_contact,
            allergies=tuple(self.allergies),
            no_known_allergies=self.no_known_allergies,
            medical_history=tuple(self.medical_history),
            current_medications=tuple(self.current_medications),
        )


def _sex(code: str) -> Sex:
    try:
        return Sex(code)
    except ValueError:
        raise InvalidInput("sex", f"Sex is one of {', '.join(Sex)}.") from None


class MergeBody(Body):
    """Which patient goes into the one of the URL, and what the result looks like."""

    merged: Annotated[UUID, Field(strict=False)]
    merged_version: int
    version: Annotated[int, _hint("The version of the patient that is kept.")]
    patient: PatientBody


class ExportBody(Body):
    """Which list is to be exported with names, and why."""

    reason: Annotated[
        str, _hint("Why names are needed; it is kept.", minLength=10, maxLength=500)
    ]
    list_key: Annotated[
        str | None, Field(alias="list", description="A stored list's key; or all.")
    ] = None
