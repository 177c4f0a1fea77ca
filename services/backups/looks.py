"""Looks: the clinic of an earlier time, kept open for a while to look around in.

Administrators ask for one, and the worker opens it. Whoever may copy records back can
read in it, which is recorded as anywhere else. Callers commit.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, text, update
from sqlalchemy.orm import Session

from db.models.integrity import RestoreLook as LookRow
from services.backups import rows
from services.backups.state import LogState
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict, NotFound, Unavailable

SUBJECT: Final = "restore look"
# This long after somebody last looked, it ends.
KEPT_FOR: Final = timedelta(hours=1)
# How often a use is recorded at most: a click does not always write.
_NOTED_EVERY: Final = timedelta(minutes=1)
_NAME: Final = text("SELECT current_setting('cluster_name')")


@dataclass(frozen=True, slots=True)
class RestoreLook:
    """The clinic as of `to`: asked for, being opened, open until a time, or ended.

    While it is open, it answers on `port` of the worker's machine.
    """

    id: UUID
    to: datetime
    requested_at: datetime
    requested_by_name: str
    begun_at: datetime | None
    opened_at: datetime | None
    used_at: datetime | None
    port: int | None
    ended_at: datetime | None
    failure: str | None

    @property
    def is_open(self) -> bool:
        """Whether the look is open."""
        return self.opened_at is not None and self.ended_at is None

    @property
    def is_awaited(self) -> bool:
        """Whether the worker has yet to open it."""
        return self.opened_at is None and self.ended_at is None

    @property
    def closes_at(self) -> datetime | None:
        """When it ends unless somebody looks again; None before it is open."""
        return self.used_at + KEPT_FOR if self.used_at else None

    @property
    def server_name(self) -> str:
        """The name that its server has given itself."""
        return f"look-{self.id}"


class LookRequested(Conflict):
    """A look is open or asked for already; one at a time is enough."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody is already looking around in an earlier time, or has asked to: "
            "end that first."
        )


class LookEnded(Unavailable):
    """The look that was open has ended."""

    def __init__(self) -> None:
        super().__init__(
            "The earlier time is no longer open to look around in. An administrator "
            "can open it again under Backups."
        )


def request_look(
    session: Session, actor: Actor, to: datetime, log: LogState
) -> RestoreLook:
    """Ask the worker to open the clinic of an earlier time.

    Raises NotAllowed, InvalidInput for a time that no backup leads to, LookRequested.
    """
    actor.require(Permission.ACT_ON_CLUSTER)
    log.require_way_to(to)
    values = {"as_of": to, "requested_by": actor.id, "requested_by_name": actor.name}
    row = rows.add(session, LookRow, **values)
    if row is None:
        raise LookRequested
    audit.record(
        session,
        actor,
        Action.BACKUP_OPEN_LOOK,
        subject=(SUBJECT, row.id),
        details={"to": to.astimezone(UTC)},
    )
    return _look(row)


def newest_look(session: Session, actor: Actor) -> RestoreLook | None:
    """Return the latest look that was asked for, ended or not; raises NotAllowed."""
    actor.require(Permission.VIEW_REPLICATION)
    row = rows.newest(session, LookRow)
    return _look(row) if row else None


def find_open_look(session: Session, actor: Actor) -> RestoreLook | None:
    """Return the look that is open to the actor, if any; raises NotAllowed."""
    actor.require(Permission.COPY_BACK)
    look = unended_look(session)
    return look if look and look.is_open else None


def note_use(session: Session, actor: Actor, look_id: UUID) -> None:
    """Keep a look open because it is used; raises NotAllowed and LookEnded."""
    look = find_open_look(session, actor)
    if look is None or look.id != look_id:
        raise LookEnded
    session.execute(
        update(LookRow)
        .where(LookRow.id == look_id, LookRow.used_at < func.now() - _NOTED_EVERY)
        .values(used_at=func.now())
    )


def close_look(session: Session, actor: Actor, look_id: UUID) -> None:
    """End a look, or cancel one that was asked for; raises NotAllowed, NotFound."""
    actor.require(Permission.ACT_ON_CLUSTER)
    look = unended_look(session)
    if look is None or look.id != look_id:
        raise NotFound("This has already ended.")
    end_look(session, look_id)
    audit.record(
        session,
        actor,
        Action.BACKUP_CLOSE_LOOK,
        subject=(SUBJECT, look_id),
        details={"to": look.to.astimezone(UTC)},
    )


def require_same(session: Session, look: RestoreLook) -> None:
    """Raise LookEnded unless the look's own server answers.

    By now its port may belong to another sandbox, in which what was purged still
    exists.
    """
    if session.scalar(_NAME) != look.server_name:
        raise LookEnded


def unended_look(session: Session) -> RestoreLook | None:
    """Return the look that has not ended, if any; for the worker."""
    row = rows.unended(session, LookRow)
    return _look(row) if row else None


def begin_look(session: Session, look_id: UUID) -> None:
    """Record that the worker is opening the look."""
    rows.begin(session, LookRow, look_id)


def note_open(session: Session, look_id: UUID, port: int) -> bool:
    """Record that a look is open; return whether anybody still wants it."""
    noted = session.scalar(
        update(LookRow)
        .where(LookRow.id == look_id, LookRow.ended_at.is_(None))
        .values(opened_at=func.now(), used_at=func.now(), port=port)
        .returning(LookRow.id)
    )
    return noted is not None


def end_look(session: Session, look_id: UUID, *, failure: str | None = None) -> None:
    """Record that a look has ended, or why it was not opened, unless it has ended."""
    session.execute(
        update(LookRow)
        .where(LookRow.id == look_id, LookRow.ended_at.is_(None))
        .values(_ending(failure))
    )


def _ending(failure: str | None) -> dict[str, object]:
    # Administrators may set its end, and nothing else.
    ending: dict[str, object] = {"ended_at": func.now()}
    return ending if failure is None else {**ending, "failure": failure}


def _look(row: LookRow) -> RestoreLook:
    return RestoreLook(
        row.id,
        row.as_of,
        row.requested_at,
        row.requested_by_name,
        row.begun_at,
        row.opened_at,
        row.used_at,
        row.port,
        row.ended_at,
        row.failure,
    )
