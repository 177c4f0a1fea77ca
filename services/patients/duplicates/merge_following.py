"""What is filed under a record, and so would move with it in a merge."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, ScalarSelect, func, select
from sqlalchemy.orm import Session

from db.postgres import assume_role
from services.core.actors import Actor, Permission
from services.patients.duplicates import merging
from services.patients.records import patients

# How people call one entry and several of each table. Tables without words move as
# well, but say nothing of their own: a visit's claim on its times, its notes, and who
# once opened the record.
WORDS: Final[dict[str, tuple[str, str] | None]] = {
    "appointments": ("visit", "visits"),
    "documents": ("document", "documents"),
    "prescriptions": ("prescription", "prescriptions"),
    "clinical_entries": ("dated entry", "dated entries"),
    "waitlist_entries": ("place on a waiting list", "places on waiting lists"),
    "visit_letters": ("letter", "letters"),
    "care_relationships": ("time in somebody's care", "times in somebody's care"),
    "users": ("sign-in", "sign-ins"),
    "bookings": None,
    "booking_slots": None,
    "medical_records": None,
    "break_glass_accesses": None,
}


@dataclass(frozen=True, slots=True)
class Following:
    """How many entries of one kind would move."""

    number: int
    words: str


def list_following(
    session: Session, actor: Actor, merged_id: UUID
) -> tuple[Following, ...]:
    """Count what is filed under a record, by kind; kinds with nothing are left out.

    Raises NotAllowed, and NoSuchPatient for a record that the actor may not open.
    """
    actor.require(Permission.MERGE_PATIENTS, merged_id)
    patients.look_up(session, actor, merged_id)
    counts = {
        column.table.name: _count(column, merged_id)
        for column in merging.followers()
        if WORDS.get(column.table.name)
    }
    # Who may merge two records need not see all that names them, only how much it is.
    with assume_role(session, "system"):
        numbers = session.execute(select(*counts.values())).one()
    filed = dict(zip(counts, numbers, strict=True))
    return tuple(
        Following(filed[table], words[filed[table] != 1])
        for table, words in WORDS.items()
        if words and filed[table]
    )


def _count(column: Column[Any], merged_id: UUID) -> ScalarSelect[int]:
    table = column.table
    counted = select(func.count()).select_from(table).where(column == merged_id)
    # What is in the trash moves too, but nobody looks for it under the kept record.
    if "deleted_at" in table.c:
        counted = counted.where(table.c.deleted_at.is_(None))
    return counted.scalar_subquery()
