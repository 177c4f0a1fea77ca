"""The rules that a patient's fields must satisfy before they are stored."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from email_validator import EmailNotValidError, validate_email

from db.models.base import PHONE_NUMBER
from services.core.errors import InvalidFields, Problem
from services.core.sentences import Sentence
from services.core.typed_text import has_controls, tidy_line
from services.patients.records.model import (
    FIELDS,
    LISTS,
    OPTIONAL_TEXTS,
    PatientDraft,
    PatientFields,
    Sex,
)

EARLIEST_BIRTH: Final = date(1900, 1, 1)
MOST_ITEMS: Final = 100
LONGEST_ITEM: Final = 200
LONGEST: Final = {
    name: field.longest for name, field in FIELDS.items() if field.longest
}
# The label of each field, in the order of the form.
LABELS: Final = {name: field.label for name, field in FIELDS.items()}

_PHONE: Final = re.compile(PHONE_NUMBER)
_PHONE_SEPARATORS: Final = re.compile(r"[\s().\-/\u2010-\u2015\u2212]")


class InvalidPatient(InvalidFields):
    """A draft breaks rules; `problems` has all of them, in the order of the form."""


def _said_of(name: str, message: str, **values: object) -> Sentence:
    return Sentence(message, label=Sentence(LABELS[name]), **values)


# The database has a constraint behind most of these; `constraints` beside this module
# reports the same problem when other code violates it.
BIRTH_IMPLAUSIBLE: Final = Problem(
    "date_of_birth",
    "Date of birth must be between 1 January 1900 and today; check the year.",
)
BORN_AFTER_DEATH: Final = Problem(
    "date_of_birth",
    "Date of birth is after the date of death; correct one of the two.",
)
SEX_UNKNOWN: Final = Problem(
    "sex", "Sex is not a known value; choose female, male, other or unknown."
)
EMAIL_INVALID: Final = Problem(
    "email", "E-mail is not an address; correct it or leave it empty."
)
EMAIL_TAKEN: Final = Problem(
    "email",
    "E-mail is the address of another patient; search for it and open that record, or "
    "enter another one.",
)
PHONE_INVALID: Final = Problem(
    "phone_number",
    "Phone number must have 10 to 15 digits, with a + before a country code; "
    "add the area code and leave out extensions.",
)
ALLERGIES_CONTRADICTED: Final = Problem(
    "no_known_allergies",
    "No known allergies is ticked but allergies are listed; "
    "untick it or empty the list.",
)
UNREACHABLE: Final = Problem(
    "phone_number",
    "Phone number and e-mail are both empty; the clinic needs at least one of them.",
)


def missing(name: str) -> Problem:
    """Return the problem of a required field that is empty."""
    return Problem(name, _said_of(name, "{label} is missing; enter it."))


def too_long(name: str) -> Problem:
    """Return the problem of a text that does not fit its field."""
    return Problem(
        name,
        _said_of(
            name,
            "{label} is too long; shorten it to {most} characters.",
            most=LONGEST[name],
        ),
    )


def item_too_long(name: str) -> Problem:
    """Return the problem of a list with an entry that should be several."""
    return Problem(
        name,
        _said_of(
            name,
            "{label} has an entry that is too long; shorten it to {most} characters.",
            most=LONGEST_ITEM,
        ),
    )


def too_many(name: str) -> Problem:
    """Return the problem of a list that is longer than anybody would read."""
    return Problem(
        name,
        _said_of(
            name,
            "{label} has too many entries; keep at most {most}.",
            most=MOST_ITEMS,
        ),
    )


def validate(
    draft: PatientDraft, today: date, *, needs_contact: bool = False
) -> PatientDraft:
    """Return the draft as it is stored, or raise InvalidPatient with every problem.

    `today` is the clinic's own day. `needs_contact` requires a way to reach the
    patient: for registrations, and for edits of a record that has one; imported records
    may lack it.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in LABELS:
        values[name] = getattr(draft, name)
        try:
            values[name] = _CHECKS[name](name, values[name])
        except InvalidPatient as refusal:
            problems += refusal.problems
        else:
            problems += _in_context(name, values, today, needs_contact)
    if problems:
        raise InvalidPatient(*problems)
    return PatientDraft(**values)


def is_reachable(patient: PatientFields) -> bool:
    """Return whether there is an e-mail address or a phone number for the patient."""
    return bool(patient.email or patient.phone_number)


def _in_context(
    name: str, values: dict[str, Any], today: date, needs_contact: bool
) -> Iterator[Problem]:
    """Check a field that is valid by itself against today and the fields before it."""
    if name == "date_of_birth" and values[name] > today:
        yield BIRTH_IMPLAUSIBLE
    if name == "no_known_allergies" and values[name] and values["allergies"]:
        yield ALLERGIES_CONTRADICTED
    has_contact = values.get("email") or values.get("phone_number")
    if name == "phone_number" and needs_contact and not has_contact:
        yield UNREACHABLE


def _required_line(name: str, typed: str | None) -> str:
    line = _line(name, typed)
    if line is None:
        raise InvalidPatient(missing(name))
    return line


def _line(name: str, typed: str | None) -> str | None:
    line = _clean(name, typed)
    if len(line) > LONGEST[name]:
        raise InvalidPatient(too_long(name))
    return line or None


def _birth(name: str, typed: date | None) -> date:
    # A form sends None for an empty date, whatever the draft's type says, and a
    # datetime counts as a date for Python but cannot be compared with one.
    if not isinstance(typed, date) or isinstance(typed, datetime):
        raise InvalidPatient(missing(name))
    if typed < EARLIEST_BIRTH:
        raise InvalidPatient(BIRTH_IMPLAUSIBLE)
    return typed


def _sex(_name: str, typed: str) -> Sex:
    try:
        return Sex(typed)
    except ValueError as error:
        raise InvalidPatient(SEX_UNKNOWN) from error


def _email(name: str, typed: str | None) -> str | None:
    line = _line(name, typed)
    if line is None:
        return None
    try:
        # Whether mail arrives is found out by sending some, not by asking a name server
        # that may be down while a patient stands at the desk.
        address = validate_email(line, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise InvalidPatient(EMAIL_INVALID) from error
    return _line(name, address)


def _phone(name: str, typed: str | None) -> str | None:
    number = _PHONE_SEPARATORS.sub("", _clean(name, typed))
    if number and not _PHONE.fullmatch(number):
        raise InvalidPatient(PHONE_INVALID)
    return number or None


def _items(name: str, typed: Sequence[str]) -> tuple[str, ...]:
    items: dict[str, str] = {}
    for entry in typed:
        if item := _clean(name, entry):
            items.setdefault(item.casefold(), item)
    if any(len(item) > LONGEST_ITEM for item in items.values()):
        raise InvalidPatient(item_too_long(name))
    if len(items) > MOST_ITEMS:
        raise InvalidPatient(too_many(name))
    return tuple(items.values())


def _flag(_name: str, typed: object) -> bool:
    return bool(typed)


def _clean(name: str, typed: str | None) -> str:
    """Return the text on one line, as all names are kept."""
    if has_controls(typed or ""):
        raise InvalidPatient(
            Problem(
                name,
                _said_of(
                    name,
                    "{label} contains invisible control characters; type it again.",
                ),
            )
        )
    return tidy_line(typed or "")


_CHECKS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "first_name": _required_line,
    "last_name": _required_line,
    **dict.fromkeys(OPTIONAL_TEXTS, _line),
    **dict.fromkeys(LISTS, _items),
    "date_of_birth": _birth,
    "sex": _sex,
    "email": _email,
    "phone_number": _phone,
    "no_known_allergies": _flag,
}
