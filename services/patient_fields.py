"""The fields that lists of patients may be filtered and sorted by."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.criteria import Field, Kind
from services.patient_records import Sex

_FIELDS = (
    Field("last_name", "Last name", Kind.TEXT, is_sortable=True),
    Field("first_name", "First name", Kind.TEXT, is_sortable=True),
    Field("date_of_birth", "Date of birth", Kind.DATE, is_sortable=True, phrase="born"),
    Field("age", "Age", Kind.AGE, is_sortable=True),
    Field(
        "sex", "Sex", Kind.CHOICE, is_sortable=True, choices=tuple(s.value for s in Sex)
    ),
    Field(
        "allergies",
        "Allergies",
        Kind.LIST,
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
        phrase="with a history of",
        denial="without a history of",
        statements=("with no medical history listed", "with medical history listed"),
    ),
    Field(
        "current_medications",
        "Current medications",
        Kind.LIST,
        phrase="taking",
        denial="not taking",
        statements=("with no medications listed", "with medications listed"),
    ),
    Field("email", "E-mail address", Kind.TEXT, is_sortable=True, can_be_empty=True),
    Field(
        "phone_number", "Phone number", Kind.PHONE, is_sortable=True, can_be_empty=True
    ),
    Field("address", "Address", Kind.TEXT, can_be_empty=True),
    Field("emergency_contact", "Emergency contact", Kind.TEXT, can_be_empty=True),
    Field(
        "created_at", "Registered", Kind.MOMENT, is_sortable=True, phrase="registered"
    ),
    Field(
        "updated_at",
        "Last changed",
        Kind.MOMENT,
        is_sortable=True,
        phrase="last changed",
    ),
    Field("id", "Patient id", Kind.ID),
)

FIELDS: Final[Mapping[str, Field]] = MappingProxyType({f.name: f for f in _FIELDS})
