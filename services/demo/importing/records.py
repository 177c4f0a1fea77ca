"""What is taken from each kind of Synthea's lines; docs/decisions/0005 says why."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from services.demo.importing.csv_lines import Rejected
from services.patients.records import rules
from services.patients.records.model import PatientDraft, Sex

PATIENT_COLUMNS: Final = (
    "Id",
    "BIRTHDATE",
    "DEATHDATE",
    "FIRST",
    "LAST",
    "GENDER",
    "ADDRESS",
    "CITY",
    "ZIP",
)
DOCTOR_COLUMNS: Final = ("Id", "NAME", "GENDER", "SPECIALITY", "CITY")
ALLERGY_COLUMNS: Final = ("START", "STOP", "PATIENT", "DESCRIPTION")
MEDICATION_COLUMNS: Final = ALLERGY_COLUMNS
CONDITION_COLUMNS: Final = (*ALLERGY_COLUMNS, "CODE")

_LONGEST_ID: Final = 100
_LONGEST_DOCTOR_FIELD: Final = 100
_SEXES: Final = {
    "m": Sex.MALE,
    "f": Sex.FEMALE,
    "o": Sex.OTHER,
    "": Sex.UNKNOWN,
    "u": Sex.UNKNOWN,
}
_APPENDED_DIGITS: Final = re.compile(r"(?<=[^\W\d_])\d+(?![^\s-])")
# SNOMED's kind of a term; Synthea once forgets the closing bracket.
_KIND: Final = re.compile(
    r"\s*\((disorder|finding|situation|person|substance|organism|product"
    r"|medicinal product|physical object|regime/therapy|procedure|event)\)?$"
)
_PASSING: Final = frozenset({"finding", "situation"})
# How somebody lives is not what they have or had. It is also more delicate than most
# illnesses, and these lists are open to the whole front desk.
_NO_HISTORY: Final = frozenset(
    {
        "105531004",  # housing unsatisfactory
        "160903007",  # full-time employment
        "160904001",  # part-time employment
        "160968000",  # risk activity involvement
        "224295006",  # only received primary school education
        "224299000",  # received higher education
        "224355006",  # served in armed forces
        "266934004",  # transport problem
        "266948004",  # has a criminal record
        "314529007",  # medication review due: a task, not a condition
        "32911000",  # homeless
        "422650009",  # social isolation
        "423315002",  # limited social contact
        "424393004",  # reports of violence in the environment
        "446654005",  # refugee
        "473461003",  # educated to high school level
        "5251000175109",  # received certificate of high school equivalency
        "706893006",  # victim of intimate partner abuse
        "713458007",  # lack of access to transportation
        "73438004",  # unemployed
        "73595000",  # stress
        "741062008",  # not in labor force
    }
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A patient as a line tells of them."""

    source_id: str
    draft: PatientDraft
    died_on: date | None


@dataclass(frozen=True, slots=True)
class DoctorArrival:
    """A doctor as a line tells of them."""

    source_id: str
    name: str
    speciality: str
    sex: Sex
    city: str | None


@dataclass(frozen=True, slots=True)
class ImportedTerm:
    """Something that belongs into a list of a patient, and since when."""

    patient: str
    text: str
    since: date


def patient(values: tuple[str, ...], today: date) -> Arrival:
    """Read a line of patients.csv, or raise Rejected."""
    key, born, died, first, last, gender, street, city, postcode = values
    address = ", ".join(
        filter(None, (" ".join(x.split()) for x in (street, city, postcode)))
    )
    draft = PatientDraft(
        first_name=without_digits(first),
        last_name=without_digits(last),
        date_of_birth=_date("BIRTHDATE", born),
        sex=_sex(gender),
        address=address,
    )
    died_on = _date("DEATHDATE", died) if died.strip() else None
    if died_on is not None and not draft.date_of_birth <= died_on <= today:
        raise Rejected("DEATHDATE does not lie between BIRTHDATE and today")
    try:
        return Arrival(_id("Id", key), rules.validate(draft, today), died_on)
    except rules.InvalidPatient as refusal:
        raise Rejected(str(refusal)) from refusal


def doctor(values: tuple[str, ...]) -> DoctorArrival:
    """Read a line of providers.csv, or raise Rejected."""
    key, name, gender, speciality, city = values
    return DoctorArrival(
        source_id=_id("Id", key),
        name=_short("NAME", without_digits(name)),
        speciality=_short("SPECIALITY", _sentence_case(speciality)),
        sex=_sex(gender),
        city=_short("CITY", city) if city.strip() else None,
    )


def allergy(values: tuple[str, ...]) -> ImportedTerm | None:
    """Read a line of allergies.csv, or raise Rejected; None if it has passed."""
    start, stop, key, description = values
    term, _ = _term(start, stop, key, description)
    return None if stop.strip() else term


def medication(values: tuple[str, ...]) -> ImportedTerm | None:
    """Read a line of medications.csv, or raise Rejected; None if no longer taken."""
    start, stop, key, description = values
    term, _ = _term(start, stop, key, description)
    return None if stop.strip() else term


def condition(values: tuple[str, ...]) -> ImportedTerm | None:
    """Read a line of conditions.csv, or raise Rejected; None for what is no history."""
    start, stop, key, description, code = values
    term, kind = _term(start, stop, key, description)
    if code.strip() in _NO_HISTORY or kind == "person":
        return None
    # A cough that is over is nothing to remember, nor is a suspicion; a pneumonia is.
    is_passing = kind in _PASSING or description.startswith("Suspected ")
    return None if is_passing and stop.strip() else term


def without_digits(name: str) -> str:
    """Take off the number that Synthea appends to each invented name."""
    return " ".join(_APPENDED_DIGITS.sub("", name).split())


def _term(
    start: str, stop: str, key: str, description: str
) -> tuple[ImportedTerm, str | None]:
    since = _date("START", start)
    if stop.strip():
        # Synthea sometimes ends things before it begins them; only that they are over
        # matters here.
        _date("STOP", stop)
    label = " ".join(unicodedata.normalize("NFC", description).split())
    kind = _KIND.search(label)
    text = label[: kind.start()] if kind else label
    if not text:
        raise Rejected("DESCRIPTION is missing")
    if len(text) > rules.LONGEST_ITEM:
        raise Rejected(f"DESCRIPTION is longer than {rules.LONGEST_ITEM} characters")
    return ImportedTerm(_id("PATIENT", key), text, since), kind[1] if kind else None


def _id(column: str, value: str) -> str:
    key = value.strip()
    if not key:
        raise Rejected(f"{column} is missing")
    if len(key) > _LONGEST_ID:
        raise Rejected(f"{column} is longer than {_LONGEST_ID} characters")
    return key


def _date(column: str, value: str) -> date:
    try:
        return datetime.fromisoformat(value.strip()).date()
    except ValueError as error:
        raise Rejected(f"{column} is not a date such as 1980-12-31") from error


def _sex(value: str) -> Sex:
    try:
        return _SEXES[value.strip().casefold()]
    except KeyError as error:
        raise Rejected("GENDER is not M or F") from error


def _short(column: str, value: str) -> str:
    text = " ".join(unicodedata.normalize("NFC", value).split())
    if not text:
        raise Rejected(f"{column} is missing")
    if len(text) > _LONGEST_DOCTOR_FIELD:
        raise Rejected(f"{column} is longer than {_LONGEST_DOCTOR_FIELD} characters")
    return text


def _sentence_case(text: str) -> str:
    return text.capitalize() if text.isupper() else text
