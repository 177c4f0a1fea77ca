"""The fields that lists of patients may be filtered and sorted by."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from services.core.actors import Actor, Permission
from services.core.errors import NotAllowed
from services.core.sentences import Sentence
from services.lists.criteria import Criteria, Field, Fields, Kind
from services.lists.subjects import Subject
from services.patients.records.model import Sex

_FIELDS = (
    Field("last_name", "Last name", Kind.TEXT, is_sortable=True),
    Field("first_name", "First name", Kind.TEXT, is_sortable=True),
    Field("date_of_birth", "Date of birth", Kind.DATE, is_sortable=True, phrase="born"),
    Field("age", "Age", Kind.AGE, is_sortable=True),
    Field("birth_year", "Year of birth", Kind.YEAR, is_sortable=True, phrase="born"),
    Field(
        "sex", "Sex", Kind.CHOICE, is_sortable=True, choices=tuple(s.value for s in Sex)
    ),
    Field(
        "allergies",
        "Allergies",
        Kind.LIST,
        is_sortable=True,
        phrase="allergic to",
        denial="not allergic to",
        statements=("with no allergies listed", "with allergies listed"),
    ),
    Field(
        "no_known_allergies",
        "No known allergies",
        Kind.FLAG,
        statements=(
            "stated to have no known allergies",
            "not stated to have no known allergies",
        ),
    ),
    Field(
        "medical_history",
        "Medical history",
        Kind.LIST,
        is_sortable=True,
        phrase="with a history of",
        denial="without a history of",
        statements=("with no medical history listed", "with medical history listed"),
    ),
    Field(
        "current_medications",
        "Current medications",
        Kind.LIST,
        is_sortable=True,
        phrase="taking",
        denial="not taking",
        statements=("with no medications listed", "with medications listed"),
    ),
    Field("medication_count", "Number of medications", Kind.NUMBER),
    Field(
        "email",
        "E-mail address",
        Kind.TEXT,
        is_sortable=True,
        can_be_empty=True,
        has_accents=True,
    ),
    Field(
        "shared_email",
        "Shares an e-mail address",
        Kind.FLAG,
        statements=(
            "sharing an e-mail address with another patient",
            "not sharing an e-mail address",
        ),
    ),
    Field(
        "phone_number", "Phone number", Kind.PHONE, is_sortable=True, can_be_empty=True
    ),
    Field("address", "Address", Kind.TEXT, is_sortable=True, can_be_empty=True),
    Field(
        "emergency_contact",
        "Emergency contact",
        Kind.TEXT,
        is_sortable=True,
        can_be_empty=True,
    ),
    Field(
        "deceased_on",
        "Date of death",
        Kind.DATE,
        can_be_empty=True,
        phrase="deceased",
    ),
    Field(
        "created_at",
        "Registered",
        Kind.TIMESTAMP,
        is_sortable=True,
        phrase="registered",
    ),
    Field(
        "updated_at",
        "Last changed",
        Kind.TIMESTAMP,
        is_sortable=True,
        phrase="last changed",
    ),
    Field(
        "last_visit",
        "Last visit",
        Kind.TIMESTAMP,
        can_be_empty=True,
        phrase="last seen",
        statements=("never seen", "seen before"),
    ),
    Field(
        "next_visit",
        "Next visit",
        Kind.TIMESTAMP,
        can_be_empty=True,
        phrase="expected",
        statements=("with no visit booked", "with a visit booked"),
    ),
    Field(
        "doctor",
        "Doctor",
        Kind.TEXT,
        can_be_empty=True,
        statements=("seen by no doctor", "seen by a doctor"),
    ),
    Field("diagnosis", "Diagnosis at a visit", Kind.TEXT, can_be_empty=True),
    Field("id", "Patient id", Kind.ID, is_sortable=True),
)

# Fields about visits are for actors who may see visits, fields from their notes for
# those who may read notes.
_NEEDED: Final[Mapping[Permission, frozenset[str]]] = MappingProxyType(
    {
        Permission.VIEW_VISITS: frozenset({"last_visit", "next_visit", "doctor"}),
        Permission.READ_RECORDS: frozenset({"diagnosis"}),
    }
)

# What can be known of a patient without identifying them. A list of allowed fields, not
# of forbidden ones: a field added later is hidden until somebody decides.
_WITHOUT_NAMES: Final = frozenset(
    {
        "birth_year",
        "sex",
        "allergies",
        "no_known_allergies",
        "medical_history",
        "current_medications",
        "medication_count",
        "created_at",
        "updated_at",
    }
)

FIELDS: Final[Mapping[str, Field]] = MappingProxyType({f.name: f for f in _FIELDS})
PSEUDONYMISED_FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {f.name: f for f in _FIELDS if f.name in _WITHOUT_NAMES}
)


def fields_for(actor: Actor) -> Fields:
    """Return the fields that the actor's lists may be filtered and sorted by."""
    if not actor.may(Permission.VIEW_NAMES):
        return PSEUDONYMISED_FIELDS
    return _fields_without(frozenset(p for p in _NEEDED if not actor.may(p)))


@cache
def _fields_without(missing: frozenset[Permission]) -> Fields:
    hidden = frozenset[str]().union(*(_NEEDED[permission] for permission in missing))
    return MappingProxyType({f.name: f for f in _FIELDS if f.name not in hidden})


def is_visible(actor: Actor, criteria: Criteria) -> bool:
    """Return whether the actor may ask for such a list."""
    try:
        require_visible(actor, criteria)
    except NotAllowed:
        return False
    return True


def require_visible(actor: Actor, criteria: Criteria) -> None:
    """Raise NotAllowed if criteria ask about what the actor is not shown.

    A filter or an order reveals a hidden value as surely as showing it would.
    """
    if actor.may(Permission.VIEW_NAMES):
        for permission, names in _NEEDED.items():
            if not names.isdisjoint(criteria.fields()):
                actor.require(permission)
        return
    if criteria.search.strip():
        raise NotAllowed(
            "You see patients without their names, so you cannot search for them. "
            "Use filters instead."
        )
    if criteria.archived:
        raise NotAllowed(
            "You see only patients in daily use, so your lists cannot include "
            "archived records."
        )
    for name in criteria.fields():
        if name in FIELDS and name not in PSEUDONYMISED_FIELDS:
            raise NotAllowed(
                Sentence(
                    "You see patients without names and contact details, so your "
                    "lists cannot use: {field}. Use other fields.",
                    field=Sentence(FIELDS[name].label.lower()),
                )
            )


# The columns shown with names, and those shown without.
COLUMNS: Final = (
    "name",
    "record_number",
    "date_of_birth",
    "age",
    "sex",
    "contact",
    "email",
    "phone_number",
    "address",
    "emergency_contact",
    "allergies",
    "medical_history",
    "current_medications",
    "created_at",
    "updated_at",
)
PSEUDONYMISED_COLUMNS: Final = (
    "birth_year",
    "sex",
    "medical_history",
    "current_medications",
    "allergies",
    "created_at",
    "updated_at",
)
PATIENTS: Final = Subject(
    "patients",
    FIELDS,
    lambda actor: actor.require(Permission.LIST_PATIENTS),
    require_visible,
    tuple(dict.fromkeys((*COLUMNS, *PSEUDONYMISED_COLUMNS))),
)
