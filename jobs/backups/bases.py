"""Chooses the base of the next backup: an earlier one, or none if it is full.

An incremental backup is restored together with everything that it is based on. So a
chain is kept short, and is continued only if all of it is there as it was written.
"""

import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from db.backups.backup_errors import CannotRestore, SetBroken
from db.backups.log.segments import TimelineHistory
from db.backups.log.windows import is_on
from db.backups.manifest import Manifest
from db.backups.repository import Repository
from db.backups.sealing import require_objects, seal_of
from db.files.file_keys import FileKeys

# PostgreSQL's manifest of a backup's files, from which an incremental one continues.
PAGES: Final = "backup_manifest"
MOST_SETS: Final = 7
# Otherwise hourly backups would read the full one, as large as the clinic, each hour.
_READ_EVERY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ChosenBase:
    """The set to continue from, if any, and PostgreSQL's manifest of it.

    `full_because` is the reason if a base was wanted and none can be used.
    """

    manifest: Manifest | None = None
    pages: bytes = field(default=b"", repr=False)
    full_because: str = ""


def choose_base(
    repository: Repository,
    keys: FileKeys,
    history: TimelineHistory,
    full_every: timedelta | None,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> ChosenBase:
    """Return the base of the next backup; `history` is that of the primary.

    It is the newest set or, once restoring that takes seven, the full one that its
    chain begins with. Without `full_every` each backup is a full one. A set that was
    read whole within the last day, and has not changed since, is not read again. A set
    that was made while the clock was ahead is never used: it would count as new for as
    long as the clock was ahead.
    """
    survey, now = repository.survey(), clock()
    has_any = survey.newest_by(now) is not None or survey.unusable
    if full_every is None or not has_any:
        return ChosenBase()
    try:
        newest = repository.newest(now)
        chain = survey.chain_of(newest)
        if not timedelta() <= now - chain[0].began_at < full_every:
            return ChosenBase()
        if len(chain) >= MOST_SETS:
            chain = chain[:1]
        _require_on(newest, history)
        for each in chain:
            _require_whole(repository, each, now)
        return ChosenBase(chain[-1], _read_pages(repository, keys, chain[-1]))
    except (CannotRestore, OSError) as error:
        return ChosenBase(full_because=_why(error))


def _require_whole(repository: Repository, manifest: Manifest, now: datetime) -> None:
    folder = repository.set_folder(manifest.set_id)
    lies = tuple(_stamp_of(folder / each.name) for each in manifest.objects)
    last = repository.read_whole.get(manifest.set_id)
    if last is not None and last[1] == lies and now - last[0] < _READ_EVERY:
        return
    require_objects(folder, manifest)
    repository.read_whole[manifest.set_id] = (now, lies)


def _stamp_of(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_size, status.st_mtime_ns


def _require_on(manifest: Manifest, history: TimelineHistory) -> None:
    # PostgreSQL does not check: pages that only the other history has would remain.
    if not is_on(manifest, history):
        raise SetBroken(
            f"Backup {manifest.set_id} is of a history that the clinic has left."
        )


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"The last one cannot be read ({error.strerror or error})."
    return str(error)


def _read_pages(repository: Repository, keys: FileKeys, manifest: Manifest) -> bytes:
    """Return PostgreSQL's manifest of a set's files; raises SetBroken."""
    if all(each.name != PAGES for each in manifest.objects):
        raise SetBroken(
            f"Backup {manifest.set_id} is of an earlier version, which made full ones."
        )
    path = repository.set_folder(manifest.set_id) / PAGES
    with seal_of(manifest, keys).reading(path) as stream:
        try:
            return gzip.decompress(stream.read())
        except (EOFError, OSError, zlib.error) as error:
            raise SetBroken(
                f"{PAGES} of backup {manifest.set_id} is not what was written."
            ) from error
