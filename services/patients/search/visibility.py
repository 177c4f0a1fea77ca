"""What a list shows of its patients: everything, or everything but who they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import InstrumentedAttribute

from services.core.actors import Actor, Permission
from services.core.errors import NotAllowed
from services.lists.criteria import Criteria, Direction, Order
from services.patients.records.model import FIELDS, PatientRecord, PseudonymisedPatient
from services.patients.records.rows import (
    COLUMNS,
    COLUMNS_IN_USE,
    PSEUDONYMISED_COLUMNS,
    active_record_of,
    pseudonymised_of,
    record_of,
)

Listed = PatientRecord | PseudonymisedPatient


@dataclass(frozen=True, slots=True)
class ListedRows:
    """The columns that a list reads of its patients, and what a row becomes."""

    columns: tuple[InstrumentedAttribute[Any], ...]
    patient_of: Callable[[Sequence[Any]], Listed]


@dataclass(frozen=True, slots=True, eq=False)
class PatientVisibility:
    """The columns that may be read, how rows become patients, and the default order.

    For patients in daily use fewer columns are read, because the others are always
    empty. `exported` are the columns of a file, after the pseudonym if there are no
    names; `born` is the column that ages are computed from.
    """

    archived: ListedRows
    in_use: ListedRows
    exported: tuple[str, ...]
    born: str
    orders: tuple[Order, ...]


NAMED: Final = PatientVisibility(
    archived=ListedRows(COLUMNS, record_of),
    in_use=ListedRows(COLUMNS_IN_USE, active_record_of),
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
_PSEUDONYMISED_ROWS: Final = ListedRows(PSEUDONYMISED_COLUMNS, pseudonymised_of)
PSEUDONYMISED: Final = PatientVisibility(
    archived=_PSEUDONYMISED_ROWS,
    in_use=_PSEUDONYMISED_ROWS,
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
    # Ordered by name, a patient's place in the list would reveal the name.
    orders=(Order("created_at", Direction.DESC),),
)


def visibility_of(actor: Actor) -> PatientVisibility:
    """Return what the actor is shown of the patients in a list."""
    return NAMED if actor.may(Permission.VIEW_NAMES) else PSEUDONYMISED


def is_public(criteria: Criteria) -> bool:
    """Return whether a list is that of everybody in daily use, known to be whole.

    Sorting it singles out no group of them.
    """
    has_filters = any(True for _ in criteria.where.filters())
    return not (has_filters or criteria.search.strip() or criteria.archived)


def require_kept_back(actor: Actor, criteria: Criteria, *, is_kept_back: bool) -> None:
    """Raise NotAllowed if part of the clinic would be shown without names unchecked.

    With `is_kept_back`, the caller promises to show nothing of it before it may be
    shown.
    """
    if is_kept_back or visibility_of(actor) is not PSEUDONYMISED or is_public(criteria):
        return
    raise NotAllowed(
        "You see patients without names, so here you can only list all of them. Use "
        "the page Patients or /api/v1/patients, which hide small groups."
    )
