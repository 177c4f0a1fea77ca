"""A sealed log without a PostgreSQL: pieces by hand, for what only reads those."""

from datetime import datetime
from typing import Any, Final

from db.backups.log.archive import LogArchive, LogPiece
from db.backups.log.segments import SEGMENT_BYTES, LogSegment
from db.backups.notes import LogPosition
from db.files.file_keys import FileKeys
from tests.kit import backup_sets

# Where the set of tests.kit.backup_sets leads to.
FIRST: Final = 2


def archive_of(repository, keys: FileKeys) -> LogArchive:
    """Return the empty log of a repository that is a clinic's."""
    repository.claim(backup_sets.SYSTEM_ID)
    archive = LogArchive(repository.folder, backup_sets.SYSTEM_ID, keys)
    archive.folder.mkdir(exist_ok=True)
    return archive


def add_piece(
    archive: LogArchive,
    number: int,
    until: datetime | None,
    *,
    timeline: int = 1,
    first: int = 0,
    end: int = SEGMENT_BYTES,
) -> LogPiece:
    """Let the log have these bytes of a segment."""
    piece = LogPiece(LogSegment(timeline, number), first, end, until)
    archive.add(piece.name, bytes([number % 256]) * (end - first))
    return piece


def note(
    archive: LogArchive,
    until: datetime,
    files_until: datetime | None = None,
    **values: Any,
) -> LogPosition:
    """Say how far the log reaches."""
    files = files_until or until
    position = LogPosition(1, "0/0", until, files, until, **values)
    archive.note(position)
    return position
