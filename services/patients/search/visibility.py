"""What a list shows of its patients: all of it, or all but who they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import InstrumentedAttribute

from services.core.actors import Actor, Permission
from services.core.errors import NotAllowed
from services.lists.criteria import Criteria, Direction, Order
from services.patients.records.model import FIELDS, PatientRecord, UnnamedPatient
from services.patients.records.rows import (
    COLUMNS,
    UNNAMED_COLUMNS,
    record_of,
    unnamed_of,
)

Listed = PatientRecord | UnnamedPatient


@dataclass(frozen=True, slots=True, eq=False)
class PatientVisibility:
    """The columns that may be read, what becomes of a row, and the usual order.

    `exported` are the columns of a file, behind pseudonyms if there are no names;
    `born` is the one that ages are told from.
    """

    columns: tuple[InstrumentedAttribute[Any], ...]
    patient_of: Callable[[Sequence[Any]], Listed]
    exported: tuple[str, ...]
    born: str
    orders: tuple[Order, ...]


NAMED: Final = PatientVisibility(
    columns=COLUMNS,
    patient_of=record_of,
    exported=(
        "id",
        "record_number",
        "last_name",
        "first_name",
        *(name for name in FIELDS if name not in {"last_name", "first_name"}),
        "created_at",
        "updated_at",
    ),
    born="date_of_birth",
    orders=(Order("last_name"), Order("first_name")),
)
UNNAMED: Final = PatientVisibility(
    columns=UNNAMED_COLUMNS,
    patient_of=unnamed_of,
    exported=(
        "birth_year",
        "sex",
        "allergies",
        "no_known_allergies",
        "medical_history",
        "current_medications",
        "created_at",
        "updated_at",
    ),
    born="birth_year",
    # By name, the place in the list would tell the name.
    orders=(Order("created_at", Direction.DESC),),
)


def visibility_of(actor: Actor) -> PatientVisibility:
    """Return what the actor is shown of the patients in a list."""
    return NAMED if actor.may(Permission.VIEW_NAMES) else UNNAMED


def is_public(criteria: Criteria) -> bool:
    """Tell whether a list is that of everybody in daily use, who are known to be all.

    Its order names no group of them.
    """
    has_filters = any(True for _ in criteria.where.filters())
    return not (has_filters or criteria.search.strip() or criteria.archived)


def require_kept_back(actor: Actor, criteria: Criteria, *, is_kept_back: bool) -> None:
    """Raise NotAllowed for part of the clinic without names that anybody would see.

    `is_kept_back` is what a caller says who shows nothing of it before it may be told.
    """
    if is_kept_back or visibility_of(actor) is not UNNAMED or is_public(criteria):
        return
    raise NotAllowed(
        "You see patients without names, so here you can list them all, and no part of "
        "them. Use the page Patients or /api/v1/patients, which hide small groups."
    )
