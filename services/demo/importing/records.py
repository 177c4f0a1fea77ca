"""What is imported from each kind of Synthea's lines; reasons: docs/decisions/0005."""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from services.demo.importing.csv_lines import Rejected
from services.patients.records import rules
from services.patients.records.entries import LOINC, SNOMED
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
TERM_COLUMNS: Final = ("START", "STOP", "PATIENT", "DESCRIPTION", "CODE")
OBSERVATION_COLUMNS: Final = (
    "DATE",
    "PATIENT",
    "DESCRIPTION",
    "CODE",
    "VALUE",
    "UNITS",
)
# A column of allergies only, which the files of older versions lack.
SYSTEM_COLUMN: Final = "SYSTEM"

RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
# Versions of Synthea differ in what they call them; some know none, of any allergy.
_SYSTEMS: Final = {
    "snomed-ct": SNOMED,
    "snomed": SNOMED,
    "rxnorm": RXNORM,
    "unknown": "",
    "": "",
}

_LONGEST_ID: Final = 100
_LONGEST_DOCTOR_FIELD: Final = 100
LONGEST_CODE: Final = 20
LONGEST_UNIT: Final = 40
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?")
_SEXES: Final = {
    "m": Sex.MALE,
    "f": Sex.FEMALE,
    "o": Sex.OTHER,
    "": Sex.UNKNOWN,
    "u": Sex.UNKNOWN,
}
_APPENDED_DIGITS: Final = re.compile(r"(?<=[^\W\d_])\d+(?![^\s-])")
# SNOMED's kind of a term; Synthea forgets one closing bracket.
_KIND: Final = re.compile(
    r"\s*\((disorder|finding|situation|person|substance|organism|product"
    r"|medicinal product|physical object|regime/therapy|procedure|event)\)?$"
)
_PASSING: Final = frozenset({"finding", "situation"})
# Social circumstances are not illnesses. They are also more sensitive than most
# illnesses, and records are open to the whole front desk.
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


# The same in classifications: the block of chapter XXI on social circumstances and
# abuse in ICD-10 and its editions, the chapter of social problems in ICPC-2.
_SOCIAL: Final = (
    ("icd-10", re.compile(r"(Z5[5-9]|Z6[0-5]|T74|Y0[67])")),
    ("icpc", re.compile(r"Z[0-9]{2}")),
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A patient as a line describes them."""

    source_id: str
    draft: PatientDraft
    died_on: date | None


@dataclass(frozen=True, slots=True)
class DoctorArrival:
    """A doctor as a line describes them."""

    source_id: str
    name: str
    speciality: str
    sex: Sex
    city: str | None


@dataclass(frozen=True, slots=True)
class ImportedTerm:
    """A term of a patient's record, with its first and last day and its code.

    `since` is None if the beginning was not stated. `is_listed` is whether it also
    belongs into the list of its kind: what is over is only in the past.
    """

    patient: str
    text: str
    since: date | None
    until: date | None
    system: str
    code: str
    is_listed: bool
    value: str | None = None
    unit: str | None = None


def patient(values: tuple[str, ...], today: date) -> Arrival:
    """Read a line of patients.csv. Raises Rejected."""
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
    """Read a line of providers.csv. Raises Rejected."""
    key, name, gender, speciality, city = values
    return DoctorArrival(
        source_id=_id("Id", key),
        name=_short("NAME", without_digits(name)),
        speciality=_short("SPECIALITY", _sentence_case(speciality)),
        sex=_sex(gender),
        city=_short("CITY", city) if city.strip() else None,
    )


def allergy(values: tuple[str, ...]) -> ImportedTerm:
    """Read a line of allergies.csv, listed unless it is over. Raises Rejected."""
    *described, named = values
    system = _SYSTEMS.get(named.strip().casefold())
    if system is None:
        raise Rejected("SYSTEM is not SNOMED-CT, RxNorm or Unknown")
    term, _ = _term(*described, system=system)
    return replace(term, is_listed=term.until is None)


def medication(values: tuple[str, ...]) -> ImportedTerm:
    """Read a line of medications.csv, listed while it is taken. Raises Rejected."""
    term, _ = _term(*values, system=RXNORM)
    return replace(term, is_listed=term.until is None)


def condition(values: tuple[str, ...]) -> ImportedTerm | None:
    """Read a line of conditions.csv; None for social circumstances. Raises Rejected."""
    term, kind = _term(*values, system=SNOMED)
    return condition_of(term, kind)


def is_how_somebody_lives(system: str, code: str) -> bool:
    """Return whether a code is of social circumstances, which are no illness."""
    named = system.casefold()
    return code in _NO_HISTORY or any(
        name in named and block.match(code.upper()) for name, block in _SOCIAL
    )


def condition_of(term: ImportedTerm, kind: str | None) -> ImportedTerm | None:
    """Return the condition as it is imported, None for social circumstances.

    `kind` is SNOMED's kind of the term, as `split_label` finds it.
    """
    if is_how_somebody_lives(term.system, term.code) or kind == "person":
        return None
    # A past cough need not be remembered, and neither need a suspicion; a pneumonia
    # does.
    is_passing = kind in _PASSING or term.text.startswith("Suspected ")
    return replace(term, is_listed=term.until is None or not is_passing)


def procedure(values: tuple[str, ...]) -> ImportedTerm:
    """Read a line of procedures.csv or encounters.csv. Raises Rejected."""
    term, _ = _term(*values, system=SNOMED)
    return term


def observation(values: tuple[str, ...]) -> ImportedTerm:
    """Read a line of observations.csv; words are no value. Raises Rejected."""
    measured, key, description, code, value, unit = values
    term, _ = _term(measured, measured, key, description, code, system=LOINC)
    if not _NUMBER.fullmatch(value.strip()):
        return term
    return replace(term, value=value.strip(), unit=_unit(unit))


def without_digits(name: str) -> str:
    """Remove the number that Synthea appends to each invented name."""
    return " ".join(_APPENDED_DIGITS.sub("", name).split())


def _term(
    start: str, stop: str, key: str, description: str, code: str, *, system: str
) -> tuple[ImportedTerm, str | None]:
    since = _date("START", start)
    until = _date("STOP", stop) if stop.strip() else None
    text, kind = split_label(description)
    if not text:
        raise Rejected("DESCRIPTION is missing")
    if len(text) > rules.LONGEST_ITEM:
        raise Rejected(f"DESCRIPTION is longer than {rules.LONGEST_ITEM} characters")
    term = ImportedTerm(
        patient=_id("PATIENT", key),
        text=text,
        since=since,
        # Synthea sometimes has ends before the beginnings.
        until=None if until is None else max(since, until),
        system=system,
        code=_code(code),
        is_listed=False,
    )
    return term, kind


def split_label(description: str) -> tuple[str, str | None]:
    """Return a term without SNOMED's kind, and the kind if it has one."""
    label = " ".join(unicodedata.normalize("NFC", description).split())
    kind = _KIND.search(label)
    return (label[: kind.start()], kind[1]) if kind else (label, None)


def _code(value: str) -> str:
    code = value.strip()
    if len(code) > LONGEST_CODE:
        raise Rejected(f"CODE is longer than {LONGEST_CODE} characters")
    return code


def _unit(value: str) -> str:
    unit = " ".join(value.split())
    if len(unit) > LONGEST_UNIT:
        raise Rejected(f"UNITS is longer than {LONGEST_UNIT} characters")
    return unit


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
