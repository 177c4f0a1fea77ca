"""What is filed under a record and would therefore move with it in a merge."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, ScalarSelect, func, select
from sqlalchemy.orm import Session

from db.postgres import assume_role
from services.core.actors import Actor, Permission
from services.patients.duplicates import merging
from services.patients.records import patients

# The singular and plural for each table. Tables without them move as well, but mean
# nothing to people by themselves: the booked slots of a visit, its notes, and who once
# opened the record.
WORDS: Final[dict[str, tuple[str, str] | None]] = {
    "appointments": ("visit", "visits"),
    "documents": ("document", "documents"),
    "prescriptions": ("prescription", "prescriptions"),
    "clinical_entries": ("dated entry", "dated entries"),
    "waitlist_entries": ("place on a waiting list", "places on waiting lists"),
    "visit_letters": ("letter", "letters"),
    "care_relationships": ("period of care", "periods of care"),
    "users": ("sign-in", "sign-ins"),
    "bookings": None,
    "booking_slots": None,
    "medical_records": None,
    "break_glass_accesses": None,
}


@dataclass(frozen=True, slots=True)
class MovedEntries:
    """The number of entries of one kind that would move."""

    number: int
    words: str


def list_moved_entries(
    session: Session, actor: Actor, merged_id: UUID
) -> tuple[MovedEntries, ...]:
    """Count what is filed under a record, by kind; kinds with nothing are left out.

    Raises NotAllowed, and NoSuchPatient for a record that the actor may not open.
    """
    actor.require(Permission.MERGE_PATIENTS, merged_id)
    patients.look_up(session, actor, merged_id)
    counts = {
        column.table.name: _count(column, merged_id)
        for column in merging.repointed_columns()
        if WORDS.get(column.table.name)
    }
    # Whoever may merge two records need not see what is filed under them, only how
    # much.
    with assume_role(session, "system"):
        numbers = session.execute(select(*counts.values())).one()
    filed = dict(zip(counts, numbers, strict=True))
    return tuple(
        MovedEntries(filed[table], words[filed[table] != 1])
        for table, words in WORDS.items()
        if words and filed[table]
    )


def _count(column: Column[Any], merged_id: UUID) -> ScalarSelect[int]:
    table = column.table
    counted = select(func.count()).select_from(table).where(column == merged_id)
    # Documents in the trash move too, but nobody looks for them under the kept record.
    if "deleted_at" in table.c:
        counted = counted.where(table.c.deleted_at.is_(None))
    return counted.scalar_subquery()
