"""When migrations ran: going back brings rows from before them up to date."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.integrity import SchemaChange
from services.core.actors import Actor, Permission

_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class MigrationRun:
    """A migration that ran, by its number, and when it was done."""

    revision: str
    at: datetime


def list_migration_runs(
    session: Session, actor: Actor, since: datetime, until: datetime
) -> tuple[MigrationRun, ...]:
    """Return the latest migrations of a span, the oldest first; raises NotAllowed."""
    actor.require(Permission.VIEW_REPLICATION)
    rows = session.scalars(
        select(SchemaChange)
        .where(SchemaChange.ran_at.between(since, until))
        .order_by(SchemaChange.ran_at.desc(), SchemaChange.revision.desc())
        .limit(_MOST)
    )
    runs = [MigrationRun(row.revision, row.ran_at) for row in rows]
    return tuple(reversed(runs))
