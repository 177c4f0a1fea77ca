"""A sealed log without a PostgreSQL: pieces made by hand, for code that reads them."""

from datetime import datetime
from typing import Any, Final

from db.backups.log.archive import LogArchive, LogPiece
from db.backups.log.segments import SEGMENT_BYTES, LogSegment
from db.backups.notes import LogPosition
from db.files.file_keys import FileKeys
from tests.kit import backup_sets

# Where the log continues after the set of tests.kit.backup_sets.
FIRST: Final = 2


def archive_of(repository, keys: FileKeys) -> LogArchive:
    """Return the empty log of a repository, which becomes the clinic's."""
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
    """Add these bytes of a segment to the log."""
    piece = LogPiece(LogSegment(timeline, number), first, end, until)
    archive.add(piece.name, bytes([number % 256]) * (end - first))
    return piece


def note(
    archive: LogArchive,
    until: datetime,
    files_until: datetime | None = None,
    **values: Any,
) -> LogPosition:
    """Record how far the log reaches."""
    files = files_until or until
    position = LogPosition(1, "0/0", until, files, until, **values)
    archive.note(position)
    return position
