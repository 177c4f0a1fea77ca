"""The fields of a form: their labels, their kinds, and what fills them in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.patients.records import record_numbers
from services.patients.records.model import PatientRecord

# One line, several lines or an ISO date; or the rows of a table, as lists of cells.
Value = str | list[list[str]]
Form = Mapping[str, Value]


class FormFieldKind(StrEnum):
    """The kind of value that a field holds."""

    LINE = "line"
    TEXT = "text"
    DATE = "date"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class FormField:
    """One field; `prefill` returns what a patient's record already has for it.

    With `not_in_future` the date must not be after today; `not_before` names the field
    with a date that must not be later. A field that is left out if empty means nothing
    by its absence. An unlabelled field is printed without its label, like the lines of
    a letter.
    """

    name: str
    label: str
    kind: FormFieldKind = FormFieldKind.LINE
    required: bool = False
    help: str = ""
    columns: tuple[str, ...] = ()
    prefill: Callable[[PatientRecord], str] | None = None
    not_in_future: bool = False
    is_left_out_if_empty: bool = False
    is_unlabelled: bool = False
    not_before: str = ""


def _name(patient: PatientRecord) -> str:
    return f"{patient.first_name} {patient.last_name}"


def _allergies(patient: PatientRecord) -> str:
    if patient.no_known_allergies:
        return "No known allergies"
    return ", ".join(patient.allergies)


def _medication(patient: PatientRecord) -> str:
    return "\n".join(patient.current_medications)


def _history(patient: PatientRecord) -> str:
    return "\n".join(patient.medical_history)


def salutation_of(patient: PatientRecord, words: str = "Dear {name},") -> str:
    """Return the salutation of a letter, in the language of `words`."""
    # A form does not choose between Mr and Ms: it would be wrong for some.
    return words.format(name=_name(patient))


def _information(patient: PatientRecord) -> str:
    parts = (("History", _history(patient)), ("Medication", _medication(patient)))
    return "\n\n".join(f"{label}:\n{text}" for label, text in parts if text)


NAME: Final = FormField("name", "Name", required=True, prefill=_name)
RECORD_NUMBER: Final = FormField(
    "record_number",
    "Record number",
    prefill=lambda patient: record_numbers.formatted(patient.record_number),
    is_left_out_if_empty=True,
)
DATE_OF_BIRTH: Final = FormField(
    "date_of_birth",
    "Date of birth",
    FormFieldKind.DATE,
    required=True,
    prefill=lambda patient: patient.date_of_birth.isoformat(),
    not_in_future=True,
)
ADDRESS: Final = FormField(
    "address",
    "Address",
    FormFieldKind.TEXT,
    prefill=lambda patient: patient.address or "",
    is_left_out_if_empty=True,
)
SALUTATION: Final = FormField(
    "salutation",
    "Salutation",
    required=True,
    prefill=salutation_of,
    is_unlabelled=True,
)
DIAGNOSIS: Final = FormField("diagnosis", "Diagnosis", FormFieldKind.TEXT)
ALLERGIES: Final = FormField(
    "allergies", "Allergies", FormFieldKind.TEXT, prefill=_allergies
)
MEDICATION: Final = FormField(
    "medication", "Current medication", FormFieldKind.TEXT, prefill=_medication
)
HISTORY: Final = FormField(
    "history", "Medical history", FormFieldKind.TEXT, prefill=_history
)
MEDICAL_INFORMATION: Final = FormField(
    "medical_information",
    "Medical information",
    FormFieldKind.TEXT,
    prefill=_information,
)
REMARKS: Final = FormField("remarks", "Remarks", FormFieldKind.TEXT)
