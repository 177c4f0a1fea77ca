"""Restore drills: planned or asked for, one at a time, and how each of them went.

Callers commit. What a drill has proven is also recorded beside the backups, where it
remains when the rows go back in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import TIMESTAMP, ColumnElement, cast, func, select, update
from sqlalchemy.orm import Session

from db.backups.notes import PROOFS, Proof
from db.models.integrity import RestoreDrill as DrillRow
from services.backups import rows
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict

SUBJECT: Final = "restore drill"


@dataclass(frozen=True, slots=True)
class RestoreDrill:
    """A drill; it ends with a proof, or it is broken and says why nothing is proven.

    A planned one has no name of a person. One `of_copy` restores from the copy
    elsewhere, not from the backups here.
    """

    id: UUID
    requested_at: datetime
    requested_by_name: str | None
    begun_at: datetime | None
    ended_at: datetime | None
    proof: Proof | None
    failure: str | None
    of_copy: bool

    @property
    def is_open(self) -> bool:
        """Whether the drill has not ended."""
        return self.ended_at is None


class DrillRequested(Conflict):
    """A drill is open already; one at a time is enough."""

    def __init__(self) -> None:
        super().__init__(
            "A restore drill is running or about to run: wait until it has ended."
        )


def request_drill(
    session: Session, actor: Actor, *, of_copy: bool = False
) -> RestoreDrill:
    """Ask the worker for a drill; raises NotAllowed and DrillRequested."""
    actor.require(Permission.RUN_DRILLS)
    row = _open(session, actor, of_copy=of_copy)
    if row is None:
        raise DrillRequested
    audit.record(
        session,
        actor,
        Action.BACKUP_DRILL,
        subject=(SUBJECT, row.id),
        details={"of_copy": True} if of_copy else {},
    )
    return _drill(row)


def plan_drill(session: Session, *, of_copy: bool = False) -> None:
    """Open a drill that is due, unless one is open; for the worker."""
    _open(session, None, of_copy=of_copy)


def list_drills(session: Session, actor: Actor, limit: int) -> tuple[RestoreDrill, ...]:
    """Return the latest drills, the newest first; raises NotAllowed."""
    actor.require(Permission.VIEW_REPLICATION)
    return tuple(map(_drill, _newest(session, limit)))


def list_drills_between(
    session: Session, actor: Actor, since: datetime, until: datetime
) -> tuple[RestoreDrill, ...]:
    """Return the drills of a span, by when they were asked for, the oldest first.

    A drill that proved something belongs to the time of its proof, as does the note of
    it beside the backups; any other to the time when it ended or, if it is open, was
    asked for. Raises NotAllowed.
    """
    actor.require(Permission.VIEW_REPLICATION)
    proved_at = cast(DrillRow.result["proved_at"].astext, TIMESTAMP(timezone=True))
    at = func.coalesce(proved_at, DrillRow.ended_at, DrillRow.requested_at)
    rows = session.scalars(
        select(DrillRow)
        .where(at >= since, at < until)
        .order_by(DrillRow.requested_at, DrillRow.id)
    )
    return tuple(map(_drill, rows))


def newest_drill(session: Session) -> RestoreDrill | None:
    """Return the open drill, otherwise the newest; for the worker.

    The worker of an open drill that had begun has died.
    """
    still_open = _newest(session, 1, DrillRow.ended_at.is_(None))
    return next(map(_drill, still_open or _newest(session, 1)), None)


def newest_drill_of(
    session: Session, *, of_copy: bool, until: datetime | None = None
) -> RestoreDrill | None:
    """Return the newest drill of the copy, or of the backups here; for the worker.

    Drills later than `until` are left out: a clock that was ahead has dated them.
    """
    those: list[ColumnElement[bool]] = [DrillRow.of_copy.is_(of_copy)]
    if until is not None:
        those.append(DrillRow.requested_at <= until)
    return next(map(_drill, _newest(session, 1, *those)), None)


def last_proof(session: Session, actor: Actor) -> Proof | None:
    """Return the latest proof by a drill; raises NotAllowed."""
    actor.require(Permission.VIEW_REPLICATION)
    proven = _newest(session, 1, DrillRow.result.is_not(None))
    return next(map(_proof, proven), None)


def last_proven_at(session: Session) -> datetime | None:
    """Return when a drill last proved a restore; for the worker."""
    proven = _newest(session, 1, DrillRow.result.is_not(None))
    return next((each.ended_at for each in proven), None)


def begin_drill(session: Session, drill_id: UUID) -> None:
    """Record that the worker restores now."""
    rows.begin(session, DrillRow, drill_id)


def end_drill(
    session: Session,
    drill_id: UUID,
    *,
    proof: Proof | None = None,
    failure: str | None = None,
) -> None:
    """Record what was proven, or why nothing was."""
    result = None if proof is None else PROOFS.dump_python(proof, mode="json")
    session.execute(
        update(DrillRow)
        .where(DrillRow.id == drill_id, DrillRow.ended_at.is_(None))
        .values(ended_at=func.now(), result=result, failure=failure)
    )


def _open(session: Session, actor: Actor | None, *, of_copy: bool) -> DrillRow | None:
    values: dict[str, object] = {"of_copy": of_copy}
    if actor is not None:
        values |= {"requested_by": actor.id, "requested_by_name": actor.name}
    return rows.add(session, DrillRow, **values)


def _newest(
    session: Session, limit: int, *those: ColumnElement[bool]
) -> Sequence[DrillRow]:
    newest = (
        select(DrillRow)
        .where(*those)
        .order_by(DrillRow.requested_at.desc(), DrillRow.id.desc())
        .limit(limit)
    )
    return session.scalars(newest).all()


def _drill(row: DrillRow) -> RestoreDrill:
    return RestoreDrill(
        row.id,
        row.requested_at,
        row.requested_by_name,
        row.begun_at,
        row.ended_at,
        _proof(row),
        row.failure,
        row.of_copy,
    )


def _proof(row: DrillRow) -> Proof | None:
    if row.result is None:
        return None
    try:
        return PROOFS.validate_python(row.result)
    except ValidationError:
        # Written by a later version, from which the clinic went back to this one.
        return None
