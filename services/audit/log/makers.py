"""Who made a version of a record, named as far as the reader may know."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from db.mongo.audit_store import AuditEntry, AuditFilter, AuditStore
from db.postgres import assume_role
from services.audit.log.reading import find_all, names_of, role_of, who
from services.core.actors import Actor, Role


@dataclass(frozen=True, slots=True)
class Maker:
    """Somebody who made a version; without an id, the person is not disclosed."""

    id: UUID | None
    name: str
    role: str


def find_maker(
    session: Session, store: AuditStore, reader: Actor, wanted: AuditFilter
) -> Maker | None:
    """Return who last did what is wanted, named as far as the reader may know.

    For services that have made sure that the reader may read the record. Raises
    AuditLogUnavailable.
    """
    # A reader of the record need not be allowed to read the log.
    with assume_role(session, "system"):
        entries = find_all(session, store, wanted)[:1]
        names = names_of(session, {entry.actor_id for entry in entries})
    return maker_of(entries[0], reader, names) if entries else None


def maker_of(entry: AuditEntry, reader: Actor, names: Mapping[UUID, str]) -> Maker:
    """Return who made what an entry is about, named as far as the reader may know."""
    role = role_of(entry)
    # Only jobs change records in nobody's name.
    if entry.actor_id is None:
        return Maker(None, who(entry, names), role)
    if entry.actor_id == reader.id:
        return Maker(reader.id, reader.name, role)
    if role == Role.PATIENT and reader.role is Role.PATIENT:
        # Patients are not told who else is a patient here.
        return Maker(None, "Another patient", role)
    return Maker(entry.actor_id, who(entry, names), role)
