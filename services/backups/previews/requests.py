"""What going back would undo, as administrators ask for it; callers commit."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.models.integrity import RestorePreview as PreviewRow, RestorePreviewList
from services.backups import rows
from services.backups.previews.changes import ChangedKind, ChangeList, as_csv
from services.backups.state import LogState
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput, NotFound
from services.core.sentences import Sentence

SUBJECT: Final = "restore preview"
_FORMS: Final = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")


@dataclass(frozen=True, slots=True)
class RestorePreview:
    """What going back to a time would undo, or why that is not known.

    `counts` are the numbers of rows by kind and by what happened to them.
    """

    id: UUID
    to: datetime
    requested_at: datetime
    requested_by_name: str
    begun_at: datetime | None
    compared_at: datetime | None
    ended_at: datetime | None
    counts: Mapping[str, Mapping[str, int]] | None
    failure: str | None

    @property
    def is_open(self) -> bool:
        """Whether the preview has not ended."""
        return self.ended_at is None


class PreviewRequested(Conflict):
    """A preview was asked for already; one at a time is enough."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody has already asked what going back would undo: wait for the "
            "answer, then ask again."
        )


def read_time(typed: str, zone: tzinfo) -> datetime:
    """Return a time that was typed, by the clinic's clock; raises InvalidInput.

    If a zone is named, as the command does, the time is in that zone: for a time that
    came twice because clocks were set back, it says which one is meant.
    """
    typed = typed.strip()
    for form in _FORMS:
        try:
            local = datetime.strptime(typed, form).replace(tzinfo=zone)
        except ValueError:
            continue
        return _require_once(local)
    try:
        named = datetime.fromisoformat(typed)
    except ValueError:
        named = None
    if named is None or named.tzinfo is None:
        raise InvalidInput(
            "as_of", "This is not a time: write day and time like 2026-11-25 14:03:07."
        )
    return named


def write_time(local: datetime) -> str:
    """Return a time as it would be typed, so that it is read as the same time."""
    is_twice = hours_between(local) > 0
    written = local if is_twice else local.replace(tzinfo=None)
    return written.isoformat(" ", "seconds")


def _require_once(local: datetime) -> datetime:
    """Return a time by the clinic's clock; raises InvalidInput unless it came once."""
    hours = hours_between(local)
    if hours > 0:
        raise InvalidInput(
            "as_of",
            Sentence(
                "This time occurred twice, because clocks were set back: write "
                "{first} or {second}.",
                first=write_time(local.replace(fold=0)),
                second=write_time(local.replace(fold=1)),
            ),
        )
    if hours < 0:
        raise InvalidInput(
            "as_of", "This time did not exist, because clocks were set forward."
        )
    return local


def hours_between(local: datetime) -> float:
    """Return how long after a time it came again; less than 0 if it never came."""
    offsets = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    first, second = (offset or timedelta() for offset in offsets)
    return (first - second) / timedelta(hours=1)


def request_preview(
    session: Session, actor: Actor, to: datetime, log: LogState
) -> RestorePreview:
    """Ask the worker what going back to a time would undo.

    Raises NotAllowed, InvalidInput for a time that no backup leads to,
    PreviewRequested.
    """
    actor.require(Permission.ACT_ON_CLUSTER)
    log.require_way_to(to)
    values = {"as_of": to, "requested_by": actor.id, "requested_by_name": actor.name}
    row = rows.add(session, PreviewRow, **values)
    if row is None:
        raise PreviewRequested
    audit.record(
        session,
        actor,
        Action.BACKUP_PREVIEW,
        subject=(SUBJECT, row.id),
        details={"to": to.astimezone(UTC)},
    )
    return _preview(row)


def newest_preview(session: Session, actor: Actor) -> RestorePreview | None:
    """Return the latest preview that was asked for, ended or not; raises NotAllowed."""
    actor.require(Permission.VIEW_REPLICATION)
    row = rows.newest(session, PreviewRow)
    return _preview(row) if row else None


def open_preview(session: Session) -> RestorePreview | None:
    """Return the preview that has not ended, if any; for the worker.

    It may have begun: then the worker that began it has died.
    """
    row = rows.unended(session, PreviewRow)
    return _preview(row) if row else None


def begin_preview(session: Session, preview_id: UUID) -> None:
    """Record that the worker is comparing."""
    rows.begin(session, PreviewRow, preview_id)


def end_preview(
    session: Session,
    preview_id: UUID,
    *,
    lists: Sequence[ChangeList] = (),
    compared_at: datetime | None = None,
    failure: str | None = None,
) -> None:
    """Keep what would be undone, or why that is unknown; earlier lists are dropped."""
    counts = None if failure else {each.kind.value: each.counts for each in lists}
    ended = session.scalar(
        update(PreviewRow)
        .where(PreviewRow.id == preview_id, PreviewRow.ended_at.is_(None))
        .values(
            ended_at=func.now(),
            compared_at=compared_at,
            counts=counts,
            failure=failure,
        )
        .returning(PreviewRow.id)
    )
    if ended is None:
        return
    session.execute(delete(RestorePreviewList))
    session.add_all(
        RestorePreviewList(
            preview_id=preview_id,
            kind=each.kind.value,
            content=gzip.compress(as_csv(each).encode()),
        )
        for each in lists
        if each.changes
    )
    session.flush()


def read_preview_list(
    session: Session, actor: Actor, preview_id: UUID, kind: str
) -> str:
    """Return a list of a preview as CSV; raises NotAllowed and NotFound.

    Only the lists of the newest preview are kept.
    """
    actor.require(Permission.ACT_ON_CLUSTER)
    content = session.scalar(
        select(RestorePreviewList.content).where(
            RestorePreviewList.preview_id == preview_id, RestorePreviewList.kind == kind
        )
    )
    if content is None:
        raise NotFound(
            "This list is no longer kept: ask again what going back would undo."
        )
    audit.record(
        session,
        actor,
        Action.BACKUP_READ_PREVIEW,
        subject=(SUBJECT, preview_id),
        details={"list": ChangedKind(kind).value},
    )
    return gzip.decompress(content).decode()


def record_preview(session: Session, actor: Actor, to: datetime) -> None:
    """Record that somebody had a preview made elsewhere than on the page."""
    actor.require(Permission.ACT_ON_CLUSTER)
    audit.record(
        session, actor, Action.BACKUP_PREVIEW, details={"to": to.astimezone(UTC)}
    )


def _preview(row: PreviewRow) -> RestorePreview:
    return RestorePreview(
        row.id,
        row.as_of,
        row.requested_at,
        row.requested_by_name,
        row.begun_at,
        row.compared_at,
        row.ended_at,
        row.counts,
        row.failure,
    )
