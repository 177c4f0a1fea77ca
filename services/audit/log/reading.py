"""What every reader of the audit log shares: entries, and the names of people."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.audit import AuditEvent
from db.models.user import User
from db.mongo.audit_store import (
    AuditCursor,
    AuditEntry,
    AuditFilter,
    AuditStore,
    AuditStoreUnavailable,
)
from services.core.errors import Unavailable
from services.core.sentences import Sentence

# What is done again and again is told once, so a page of these is a screen or two.
PAGE_SIZE: Final = 200
# As many as nobody and nothing is changed.
_MOST: Final = 1_000
_NOBODY: Final = Sentence("Somebody not signed in")
_UNNAMED: Final = Sentence("A program or former account")


class AuditLogUnavailable(Unavailable):
    """The log cannot be read; what is done is written down all the same."""

    def __init__(self) -> None:
        super().__init__(
            "The audit log cannot be read at the moment. Nothing of it is lost; try "
            "again in a minute."
        )


def find(
    store: AuditStore,
    wanted: AuditFilter,
    after: AuditCursor | None,
    limit: int,
    *,
    oldest_first: bool = False,
) -> tuple[AuditEntry, ...]:
    """Return entries, the newest first unless said; raises AuditLogUnavailable."""
    try:
        return store.find(wanted, after=after, limit=limit, oldest_first=oldest_first)
    except AuditStoreUnavailable as error:
        raise AuditLogUnavailable from error


def find_all(
    session: Session, store: AuditStore, wanted: AuditFilter
) -> list[AuditEntry]:
    """Return what was done to one patient or thing, the newest first.

    What waits for the log is among it; `wanted` may name a patient, a subject, actions
    and an outcome. Raises AuditLogUnavailable.
    """
    wanted_values = {
        AuditEvent.patient_id: wanted.patient_id,
        AuditEvent.subject_kind: wanted.subject_kind,
        AuditEvent.subject_id: wanted.subject_id,
        AuditEvent.outcome: wanted.outcome,
    }
    equal = [
        column == value for column, value in wanted_values.items() if value is not None
    ]
    # In this order, since what is shipped meanwhile is in the log before it leaves.
    waiting = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.action.in_(wanted.actions), *equal)
        .order_by(AuditEvent.position.desc())
    )
    return [*map(_waiting, waiting), *find(store, wanted, None, _MOST)]


def _waiting(event: AuditEvent) -> AuditEntry:
    names = {field.name for field in fields(AuditEntry)} - {"sequence", "shipped_at"}
    return AuditEntry(sequence=0, **{name: getattr(event, name) for name in names})


def names_of(
    session: Session, ids: Iterable[UUID | None] | None = None
) -> Mapping[UUID, str]:
    """Return the names of people with these ids, or of everybody."""
    statement = select(User.id, User.name)
    if ids is not None:
        statement = statement.where(
            User.id.in_([user_id for user_id in ids if user_id])
        )
    return dict(session.execute(statement).all())


def who(entry: AuditEntry, names: Mapping[UUID, str]) -> str:
    """Name the actor of an entry; a program, or who is gone, by the role only."""
    if entry.actor_id is None:
        return _NOBODY
    return names.get(entry.actor_id, _UNNAMED)
