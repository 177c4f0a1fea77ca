"""Patients as programs send and receive them: one model for each purpose."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from api.core import problems
from api.core.answers import FromAttribute, Shown
from api.core.bodies import Body, with_example
from services.core.actors import Actor
from services.core.errors import InvalidInput
from services.patients.records import patients
from services.patients.records.model import (
    FIELDS,
    LISTS,
    PatientDraft,
    PatientRecord,
    PseudonymisedPatient,
    Sex,
)

_VERSION: Final = re.compile(r'"([1-9][0-9]{0,8})"')
_Sex = Literal["female", "male", "other", "unknown"]


def _hint(description: str, **schema: JsonValue) -> Any:
    """Document a field; its limits are checked by the service, which explains them."""
    return Field(description=description, json_schema_extra=schema)


def _text(name: str, description: str) -> Any:
    """Document a text with the maximum length that the service allows."""
    return _hint(description, maxLength=FIELDS[name].longest)


_PhoneNumber = Annotated[str | None, _hint("10 to 15 digits, optionally after a +.")]


class _PatientFields(BaseModel):
    """The fields that people fill in, as they are sent and shown."""

    first_name: Annotated[str, _text("first_name", "Given name.")]
    last_name: Annotated[str, _text("last_name", "Family name.")]
    date_of_birth: Annotated[
        str, _hint("YYYY-MM-DD, from 1900-01-01 to today.", format="date")
    ]
    sex: Annotated[
        str, _hint("Administrative gender.", enum=[sex.value for sex in Sex])
    ] = Sex.UNKNOWN.value
    email: Annotated[str | None, _text("email", "An e-mail address.")] = None
    phone_number: _PhoneNumber = None
    address: Annotated[str | None, _text("address", "One line.")] = None
    emergency_contact: Annotated[
        str | None,
        _text("emergency_contact", "The person to call, and how to reach them."),
    ] = None
    allergies: list[str] = Field(default_factory=list)
    no_known_allergies: Annotated[
        bool, _hint("Stated by the patient; cannot be combined with allergies.")
    ] = False
    medical_history: list[str] = Field(default_factory=list)
    current_medications: list[str] = Field(default_factory=list)


class PatientBody(Body, _PatientFields):
    """A patient to register, or the new state of one."""

    model_config = with_example(
        first_name="Ada",
        last_name="Lovelace",
        date_of_birth="1980-05-17",
        sex="female",
        phone_number="01632 960123",
        allergies=["Penicillin"],
    )

    def draft(self) -> PatientDraft:
        """Return the fields with their types, or raise InvalidInput."""
        typed: dict[str, Any] = {
            "date_of_birth": patients.parse_date_of_birth(self.date_of_birth),
            "sex": _sex(self.sex),
            **{name: tuple(getattr(self, name)) for name in LISTS},
        }
        given = {name: getattr(self, name) for name in _PatientFields.model_fields}
        return PatientDraft(**{**given, **typed})


class RegisterBody(PatientBody):
    """A patient to register, with the id that the program has chosen, if any."""

    uuid: Annotated[
        UUID | None,
        Field(strict=False),
        _hint(
            "Chosen by the client; sent again with the same data, it creates no "
            "second patient."
        ),
    ] = None


def _sex(code: str) -> Sex:
    try:
        return Sex(code)
    except ValueError:
        raise InvalidInput("sex", f"sex must be one of {', '.join(Sex)}.") from None


class ContactBody(Body):
    """All of a patient's contact data."""

    email: Annotated[
        str | None,
        _text("email", "The current address; a new one has to be proved first."),
    ] = None
    phone_number: _PhoneNumber = None
    address: Annotated[str | None, _text("address", "One line.")] = None


class MergeBody(Body):
    """The patient to merge into the one of the URL, and the resulting fields."""

    merged: Annotated[UUID, Field(strict=False)]
    merged_version: int
    version: Annotated[int, _hint("The version of the patient that is kept.")]
    patient: PatientBody


class ExportBody(Body):
    """The list to export with names, and the reason."""

    reason: Annotated[
        str,
        _hint(
            "Why names are needed; recorded in the audit log.",
            minLength=10,
            maxLength=500,
        ),
    ]
    list_key: Annotated[
        str | None,
        Field(
            alias="list", description="Key of a stored list; all patients by default."
        ),
    ] = None


def _photo(record: PatientRecord) -> str | None:
    return f"/files/patients/{record.id}/photo" if record.photo_file_id else None


class PatientShown(_PatientFields, Shown):
    """A patient as the API shows one."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    uuid: Annotated[UUID, FromAttribute("id")]
    record_number: Annotated[str, _hint("Six characters, such as 47TXZF.")]
    photo: Annotated[str | None, FromAttribute(_photo)] = Field(
        description="Path of the photo."
    )
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    deceased_on: date | None
    merged_into: Annotated[UUID | None, FromAttribute("merged_into_id")]


class PseudonymisedPatientShown(Shown):
    """A patient of a list, for callers who see no names.

    `uuid` is a pseudonym valid for a day, and timestamps are given by the month.
    """

    uuid: Annotated[UUID, FromAttribute("id")]
    birth_year: int
    sex: _Sex
    allergies: list[str]
    no_known_allergies: bool
    medical_history: list[str]
    current_medications: list[str]
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


class IdentityShown(Shown):
    """A patient's identity, and nothing of their record."""

    uuid: Annotated[UUID, FromAttribute("id")]
    record_number: str
    first_name: str
    last_name: str
    date_of_birth: date
    sex: _Sex
    deleted_at: datetime | None


class PatientsPage(Shown):
    """A page of a list; `next` leads to the following page, null on the last."""

    patients: list[PatientShown | PseudonymisedPatientShown]
    next: UUID | None


class DuplicateShown(Shown):
    """A patient who may be the same person; `score` is 0 to 100."""

    patient: Annotated[
        IdentityShown,
        FromAttribute(lambda candidate: IdentityShown.of(candidate.patient)),
    ]
    score: int = Field(ge=0, le=100)
    reasons: list[str]


class Candidates(Shown):
    """Possible duplicates, the likeliest first."""

    duplicates: list[DuplicateShown]


class ExportGranted(Shown):
    """An address at which an export can be fetched once, and when it expires."""

    url: str
    expires_at: datetime


class RegisteredEnvelope(Shown):
    """A registered patient, in the register's envelope."""

    code: Literal[200]
    is_success: Literal[True]
    message: str
    data: PatientShown


class ListEnvelope(Shown):
    """A page of patients, in the register's envelope."""

    code: Literal[200]
    is_success: Literal[True]
    message: str
    data: list[PatientShown | PseudonymisedPatientShown]
    page: int
    per_page: int
    total: int
    total_is_exact: bool


def query_by_fields(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the query with the names that answers use replaced by those of fields."""

    def known(name: str, value: str) -> str:
        if name == "orderBy":
            fields = (field.strip() for field in value.split(","))
            return ",".join("id" if field == "uuid" else field for field in fields)
        return "id" if name.endswith("_field") and value == "uuid" else value

    return [(name, known(name, value)) for name, value in pairs]


def listed_json(listed: PatientRecord | PseudonymisedPatient) -> dict[str, Any]:
    """Return a patient of a list, as far as the caller may know their identity."""
    named = isinstance(listed, PatientRecord)
    return (PatientShown if named else PseudonymisedPatientShown).of(listed)


def patient_etag(record: PatientRecord) -> str:
    """Return the record's version as an entity tag."""
    return f'"{record.version}"'


def version_named(
    session: Session, actor: Actor, patient_id: UUID, if_match: str
) -> int:
    """Return the version that `If-Match` names; `*` is the current one.

    Raises InvalidInput, and NotFound if there is no such patient.
    """
    if if_match.strip() == "*":
        return patients.get_patient(session, actor, patient_id).version
    tag = _VERSION.fullmatch(if_match.strip())
    if tag is None:
        raise InvalidInput(
            "If-Match", 'If-Match must be one ETag as you received it, such as "3".'
        )
    return int(tag[1])


def stale_patient(request: Request, error: Exception) -> Response:
    """Answer a stale edit with both versions, so that nothing typed is lost."""
    assert isinstance(error, patients.StaleVersion)  # noqa: S101 (registered so)
    typed = error.typed and {name: getattr(error.typed, name) for name in FIELDS}
    return problems.stale(
        request,
        str(error),
        {"current": PatientShown.of(error.current), "typed": typed},
    )
