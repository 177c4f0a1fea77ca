"""What every reader of the audit log shares: entries, and the names of people."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.audit_store import (
    AuditCursor,
    AuditEntry,
    AuditFilter,
    AuditStore,
    AuditStoreUnavailable,
)
from db.models.user import User
from services.core.errors import Unavailable

# What is done again and again is told once, so a page of these is a screen or two.
PAGE_SIZE: Final = 200
_NOBODY: Final = "Somebody not signed in"
_UNNAMED: Final = "A program or former account"


class AuditLogUnavailable(Unavailable):
    """The log cannot be read; what is done is written down all the same."""

    def __init__(self) -> None:
        super().__init__(
            "The audit log cannot be read at the moment. Nothing of it is lost; try "
            "again in a minute."
        )


def find(
    store: AuditStore, wanted: AuditFilter, after: AuditCursor | None, limit: int
) -> tuple[AuditEntry, ...]:
    """Return entries, the newest first; raises AuditLogUnavailable."""
    try:
        return store.find(wanted, after=after, limit=limit)
    except AuditStoreUnavailable as error:
        raise AuditLogUnavailable from error


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
