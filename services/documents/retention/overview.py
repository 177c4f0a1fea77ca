"""The retention of documents as an administrator sees it: counts, ids and times."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db.models.document import Document, DocumentVersion, RetentionRule
from db.models.integrity import PendingFileDeletion
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.documents.integrity import runs
from services.documents.integrity.checking import WEEK
from services.documents.integrity.runs import CheckRun
from services.documents.records.kinds import Classification
from services.documents.retention.dates import OF_ITS_CLASS, ended
from services.documents.retention.holds import HeldDocument, list_holds

SOON: Final = timedelta(days=30)
MOST_LISTED: Final = 50


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """How many documents of a class there are, and what lies ahead of them.

    `soon` is how many will be purged within thirty days if nothing happens to them,
    `due` how many of those now.
    """

    classification: Classification
    in_use: int
    deleted: int
    held: int
    soon: int
    due: int
    purged: int


@dataclass(frozen=True, slots=True)
class Damage:
    """A version whose file is damaged; the document is identified by its id alone."""

    document_id: UUID
    number: int
    damaged_at: datetime


@dataclass(frozen=True, slots=True)
class Walk:
    """The progress of the walk, which checks all files."""

    files: int
    checked: int
    oldest_at: datetime | None
    damaged: tuple[Damage, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of the retention of documents at one time."""

    dues: tuple[ClassCounts, ...]
    holds: tuple[HeldDocument, ...]
    walk: Walk
    pending_deletions: int
    runs: tuple[CheckRun, ...]


def read_overview(session: Session, actor: Actor) -> Overview:
    """Return the state of retention, and record that somebody looked.

    Raises NotAllowed.
    """
    actor.require(Permission.MANAGE_RETENTION)
    audit.record(session, actor, Action.RETENTION_READ)
    return Overview(
        _count_by_class(session),
        list_holds(session, actor),
        _describe_walk(session),
        session.scalar(select(func.count()).select_from(PendingFileDeletion)) or 0,
        runs.list_runs(session),
    )


def _count_by_class(session: Session) -> tuple[ClassCounts, ...]:
    is_kept = Document.purged_at.is_(None)
    rows = session.execute(
        select(
            RetentionRule.classification,
            _many(is_kept, Document.deleted_at.is_(None)),
            _many(is_kept, Document.deleted_at.is_not(None)),
            _many(Document.held_at.is_not(None)),
            _many(ended(SOON)),
            _many(ended()),
            _many(Document.purged_at.is_not(None)),
        )
        .outerjoin(Document, OF_ITS_CLASS)
        .group_by(RetentionRule.classification)
    )
    dues = {row[0]: ClassCounts(Classification(row[0]), *row[1:]) for row in rows}
    return tuple(
        dues[classification]
        for classification in Classification
        if classification in dues
    )


def _many(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(Document.id).filter(*conditions)


def _describe_walk(session: Session) -> Walk:
    """Count the files; the one with the oldest check is due next."""
    has_file = DocumentVersion.file_id.is_not(None)
    is_fresh = DocumentVersion.checked_at > func.now() - WEEK
    files, checked, oldest_at = session.execute(
        select(
            func.count(),
            func.count().filter(is_fresh),
            func.min(DocumentVersion.checked_at),
        ).where(has_file)
    ).one()
    damaged = session.execute(
        select(
            DocumentVersion.document_id,
            DocumentVersion.number,
            DocumentVersion.damaged_at,
        )
        .where(has_file, DocumentVersion.damaged_at.is_not(None))
        .order_by(DocumentVersion.damaged_at.desc(), DocumentVersion.id.desc())
        .limit(MOST_LISTED)
    )
    damages = (
        Damage(document_id, number, at) for document_id, number, at in damaged if at
    )
    return Walk(files, checked, oldest_at, tuple(damages))
