"""The walk of checks: every file is read, decrypted and compared with its row."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileDamaged, FileKeyMissing, FileMissing, FileStore
from db.models.document import DocumentVersion
from services.core import audit
from services.core.actors import KEEPER
from services.core.audit import Action
from services.documents.integrity.file_references import (
    FileReference,
    count_references,
    list_versions,
    reread,
    versions,
)

# Every file is checked once a week. The shares are sized for five days, and no file is
# checked again sooner: two days are left for times when the worker cannot check.
WEEK: Final = timedelta(days=7)
_ROUND: Final = timedelta(days=5)
_SHARES: Final = 5 * 24 * 6
# A damaged file may have been restored from a backup meanwhile.
_DAMAGED_AGAIN: Final = timedelta(days=1)
_PIECE: Final = 256 * 1024
_DAMAGED: Final = {
    Bucket.PATIENT_PHOTOS: Action.PHOTO_DAMAGED,
    Bucket.DOCTOR_PHOTOS: Action.PHOTO_DAMAGED,
    Bucket.PRESCRIPTION_FILES: Action.PRESCRIPTION_DAMAGED,
    # The document itself can still be opened.
    Bucket.DOCUMENT_ORIGINALS: Action.DOCUMENT_DAMAGED,
}
# This many in a row are not damaged one by one.
_MANY: Final = 10


class State(StrEnum):
    """The result of checking a file."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    MISSING = "missing"
    UNREADABLE = "its key is missing"


# The states of the file itself; a missing key is about the keys.
_BROKEN: Final = (State.DAMAGED, State.MISSING)


@dataclass(frozen=True, slots=True)
class Finding:
    """The files of a row, and the result of checking them."""

    named: FileReference
    state: State

    @property
    def is_whole(self) -> bool:
        """Whether the files are as their row describes them."""
        return self.state is State.WHOLE


class NothingVerifies(Exception):
    """No file at all can be verified: the key file is wrong, not every file."""

    def __init__(self) -> None:
        super().__init__(
            "No file can be verified. This is probably not the key file they were "
            "encrypted with, or not their database; nothing was marked as damaged."
        )


def share_of(session: Session, *buckets: Bucket) -> int:
    """Return how many of the buckets' rows have to be checked in ten minutes."""
    return math.ceil(
        sum(count_references(session, bucket) for bucket in buckets) / _SHARES
    )


def list_due(session: Session, limit: int) -> tuple[FileReference, ...]:
    """Return versions to check next, the longest unchecked first."""
    now, checked_at = func.now(), DocumentVersion.checked_at
    is_due = or_(
        checked_at.is_(None),
        checked_at <= now - _ROUND,
        and_(
            DocumentVersion.damaged_at.is_not(None),
            checked_at <= now - _DAMAGED_AGAIN,
        ),
    )
    return list_versions(session, _unchecked_first(is_due, limit))


def list_unchecked_since(
    session: Session, begun_at: datetime, limit: int
) -> tuple[FileReference, ...]:
    """Return versions that have not been checked since `begun_at`."""
    checked_at = DocumentVersion.checked_at
    is_due = or_(checked_at.is_(None), checked_at < begun_at)
    return list_versions(session, _unchecked_first(is_due, limit))


def _unchecked_first(
    is_due: ColumnElement[bool], limit: int
) -> Select[*tuple[Any, ...]]:
    # Ordered by the index alone: among versions that were never checked, as after an
    # import, any further order would mean sorting every version each time.
    order = DocumentVersion.checked_at.asc().nulls_first()
    return versions().where(is_due).order_by(order).limit(limit)


def find_timestamp(session: Session) -> datetime:
    """Return the time by the clock of the database that notes the checks."""
    timestamp: datetime = session.scalars(select(func.clock_timestamp())).one()
    return timestamp


def check(files: FileStore, named: FileReference) -> Finding:
    """Read the files to their ends. Raises FileStoreUnavailable."""
    try:
        is_right = all(_is_right(files, named, file_id) for file_id in named.file_ids)
    except FileMissing:
        return Finding(named, State.MISSING)
    except FileDamaged:
        return Finding(named, State.DAMAGED)
    except FileKeyMissing:
        return Finding(named, State.UNREADABLE)
    return Finding(named, State.WHOLE if is_right else State.DAMAGED)


def are_credible(
    session: Session, files: FileStore, findings: Sequence[Finding]
) -> bool:
    """Return whether the findings are about the files, rather than about our keys.

    If none of them is whole, a file that was whole at its last check decides.
    """
    if not findings or any(finding.is_whole for finding in findings):
        return True
    ids = [finding.named.id for finding in findings]
    known = list_versions(
        session,
        versions()
        .where(
            DocumentVersion.id.not_in(ids),
            DocumentVersion.checked_at.is_not(None),
            DocumentVersion.damaged_at.is_(None),
        )
        .order_by(DocumentVersion.checked_at.desc(), DocumentVersion.id.desc())
        .limit(1),
    )
    if known:
        return check(files, known[0]).is_whole
    is_about_keys = any(finding.state is State.UNREADABLE for finding in findings)
    return not is_about_keys and len(findings) < _MANY


def keep(session: Session, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Mark what is damaged, and what is whole again; return what is not whole.

    A missing key is no damage: it is only returned. Files that were replaced or purged
    while they were read are left alone. The caller, which is the system, commits.
    """
    unchanged = reread(session, [finding.named for finding in findings])
    still = {finding.id for finding in unchanged}
    current = [finding for finding in findings if finding.named.id in still]
    for finding in current:
        if finding.named.bucket is Bucket.DOCUMENTS:
            _mark(session, finding)
        elif finding.state in _BROKEN:
            _record(session, _DAMAGED[finding.named.bucket], finding)
    return tuple(finding for finding in current if not finding.is_whole)


def _mark(session: Session, finding: Finding) -> None:
    """Mark the version, and record a change of its state once."""
    damaged_at = DocumentVersion.damaged_at
    version = update(DocumentVersion).where(DocumentVersion.id == finding.named.id)
    session.execute(version.values(checked_at=func.now()))
    changes = {
        **{state: (damaged_at.is_(None), func.now()) for state in _BROKEN},
        State.WHOLE: (damaged_at.is_not(None), None),
    }
    if finding.state in changes:
        was_otherwise, detected_at = changes[finding.state]
        changed = version.where(was_otherwise).values(damaged_at=detected_at)
        if session.execute(changed.returning(DocumentVersion.id)).all():
            _record(session, Action.DOCUMENT_DAMAGED, finding)


def _record(session: Session, action: Action, finding: Finding) -> None:
    named = finding.named
    version = {} if named.number is None else {"version": named.number}
    audit.record(
        session,
        KEEPER,
        action,
        patient_id=named.patient_id,
        subject=named.subject,
        details={**version, "found": str(finding.state)},
    )


def _is_right(files: FileStore, named: FileReference, file_id: str) -> bool:
    digest, size = sha256(), 0
    with files.open(named.bucket, file_id) as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    if named.sha256 is None:
        return True
    return (size, digest.digest()) == (named.filesize, bytes(named.sha256))
