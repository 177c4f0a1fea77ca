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
# What a record has for a field, its own words aside in the language of the function.
Prefill = Callable[[PatientRecord, Callable[[str], str]], str]


class FormFieldKind(StrEnum):
    """The kind of value that a field holds."""

    LINE = "line"
    TEXT = "text"
    DATE = "date"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class FormField:
    """One field; `prefill` returns what a patient's record already has for it.

    It is also passed what translates the clinic's own words into the paper's language.
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
    prefill: Prefill | None = None
    not_in_future: bool = False
    is_left_out_if_empty: bool = False
    is_unlabelled: bool = False
    not_before: str = ""


def _name(patient: PatientRecord, _: Callable[[str], str]) -> str:
    return f"{patient.first_name} {patient.last_name}"


def _allergies(patient: PatientRecord, _: Callable[[str], str]) -> str:
    if patient.no_known_allergies:
        return _("No known allergies")
    return ", ".join(patient.allergies)


def _medication(patient: PatientRecord, _: Callable[[str], str]) -> str:
    return "\n".join(patient.current_medications)


def _history(patient: PatientRecord, _: Callable[[str], str]) -> str:
    return "\n".join(patient.medical_history)


def _salutation(patient: PatientRecord, _: Callable[[str], str]) -> str:
    # A form does not choose between Mr and Ms: it would be wrong for some.
    return _("Dear {name},").format(name=_name(patient, _))


def _information(patient: PatientRecord, _: Callable[[str], str]) -> str:
    parts = (
        (_("Medical history"), _history(patient, _)),
        (_("Current medications"), _medication(patient, _)),
    )
    return "\n\n".join(f"{label}:\n{text}" for label, text in parts if text)


NAME: Final = FormField("name", "Name", required=True, prefill=_name)
RECORD_NUMBER: Final = FormField(
    "record_number",
    "Record number",
    prefill=lambda patient, _: record_numbers.formatted(patient.record_number),
    is_left_out_if_empty=True,
)
DATE_OF_BIRTH: Final = FormField(
    "date_of_birth",
    "Date of birth",
    FormFieldKind.DATE,
    required=True,
    prefill=lambda patient, _: patient.date_of_birth.isoformat(),
    not_in_future=True,
)
ADDRESS: Final = FormField(
    "address",
    "Address",
    FormFieldKind.TEXT,
    prefill=lambda patient, _: patient.address or "",
    is_left_out_if_empty=True,
)
SALUTATION: Final = FormField(
    "salutation",
    "Salutation",
    required=True,
    prefill=_salutation,
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
