"""What a list shows of its patients: all of it, or all but who they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import InstrumentedAttribute

from services.core.actors import Actor, Permission
from services.lists.criteria import Direction, Order
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
