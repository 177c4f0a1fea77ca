"""Restores a clinic on another machine, from repository and kit alone.

The data folder is empty before, and again if this fails, so that it can be tried again.
What has been purged or revoked since that time stays so, according to the copied audit
log.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from db import embedded
from db.backups.backup_errors import CannotRestore, PasswordRefused
from db.backups.log.archive import LogArchive
from db.backups.log.windows import find_windows, read_position
from db.backups.recovery_kit import FILE_KEYS, PASSWORDS, SEAL_KEYS, RecoveryKit
from db.backups.repository import Repository
from db.embedded import DataFolder
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from db.files.seal_keys import SealKeyFile
from db.mongo.audit_store import AuditStore
from db.postgres import Database
from jobs.backups.audit_following import read_all_entries
from jobs.backups.going_back.replaying import GoingBackOrder
from jobs.backups.going_back.restoring import LiveClinic, Report, WentBack, go_back
from services.core.actors import CONSOLE

_AT_ONCE: Final = 1000
_REASON: Final = "Restored on another machine from the backups and the recovery kit."
# The end of a window is not part of it.
_LAST: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class RestoreSource:
    """The source of a restore: a clinic's backups, and the keys that open them."""

    repository: Repository
    kit: RecoveryKit


def restore_elsewhere(
    source: RestoreSource,
    data: Path,
    to: datetime | None,
    *,
    kept: timedelta,
    report: Report = lambda _stage, _seconds: None,
) -> WentBack:
    """Restore a clinic as of a time, or of the latest possible, into an empty folder.

    The next start with that folder opens it. Raises CannotRestore, and SetBroken for
    what is not as it was written; then the folder is empty again.
    """
    repository, kit = source.repository, source.kit
    _require_of_one_clinic(repository, kit)
    _require_passwords(kit)
    folder = DataFolder(data)
    require_empty(folder.path)
    with emptied_on_failure(folder):
        keys = write_keys(folder, kit)
        archive = LogArchive(repository.folder, kit.system_id, keys)
        order = GoingBackOrder(to or newest_time(repository, archive), _REASON, CONSOLE)
        with (
            embedded.files_alone(folder.path) as addresses,
            closing(Database(addresses.endpoints, retry_seconds=0)) as database,
            closing(FileStore(addresses.mongo.url, keys=keys)) as files,
            closing(AuditStore(addresses.mongo.audit_url)) as audit,
        ):
            with repository.read_from():
                _bring_audit_log(repository, archive, keys, audit)
            clinic = LiveClinic(
                folder,
                repository,
                keys,
                SealKeyFile(folder.path / SEAL_KEYS).read(),
                database,
                files,
                audit,
                kept,
                # Such as a disk that was attached read-only.
                read_only=not os.access(archive.folder, os.W_OK),
            )

            @contextmanager
            def closed() -> Iterator[None]:
                # From here on a start must not take the folder for one that a first
                # start has left half made, and delete what is in it.
                folder.mark_complete()
                yield

            try:
                return go_back(
                    clinic, order, confirm=lambda _: None, closed=closed, report=report
                )
            except PasswordRefused as error:
                raise _not_in_use_then(kit, order.to, error.login) from error


def _not_in_use_then(kit: RecoveryKit, to: datetime, login: str) -> CannotRestore:
    return CannotRestore(
        f"The recovery kit of {kit.made_at:%Y-%m-%d} has another password for "
        f"PostgreSQL's {login} than the clinic had at "
        f"{to.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC: take the kit that was in use "
        "then, or name a time with --to when this one was."
    )


def require_empty(path: Path) -> None:
    """Raise CannotRestore unless a folder is empty, or not there yet."""
    try:
        is_empty = not any(path.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise CannotRestore(
            f"The data folder {path} cannot be used "
            f"({(error.strerror or str(error)).lower()}): name another with --data."
        ) from error
    if not is_empty:
        raise CannotRestore(
            f"The data folder {path} is not empty: name an empty one, or a new one, "
            "with --data. Nothing was touched."
        )


def newest_time(repository: Repository, archive: LogArchive) -> datetime:
    """Return the newest possible time; raises CannotRestore if there is none."""
    sets = repository.survey().sets
    # A newest backup that cannot be read raises; an older one never replaces it
    # unasked.
    repository.newest()
    windows = find_windows(sets, archive, read_position(archive.folder))
    newest = windows[-1]
    return newest.until - _LAST if newest.has_log else newest.since


def _require_of_one_clinic(repository: Repository, kit: RecoveryKit) -> None:
    if repository.system_id is None:
        raise CannotRestore(
            f"There are no backups in {repository.folder}: name the folder in which "
            "README.txt and repository.json are."
        )
    if repository.system_id != kit.system_id:
        raise CannotRestore(
            f"The recovery kit is of clinic {kit.system_id}, but the backups in "
            f"{repository.folder} are of clinic {repository.system_id}: take that "
            "clinic's kit."
        )


def _require_passwords(kit: RecoveryKit) -> None:
    """Raise CannotRestore if a kit has no passwords: new ones would be of no use."""
    if PASSWORDS not in kit.files:
        raise CannotRestore(
            f"The recovery kit of {kit.made_at:%Y-%m-%d} has no PostgreSQL passwords, "
            "and the rows can only be read with those of the clinic: take a kit that "
            "was made where its data folder was."
        )


def write_keys(folder: DataFolder, kit: RecoveryKit) -> FileKeys:
    """Write a kit's keys to where the data folder's servers look for them."""
    folder.prepare()
    for name, content in kit.files.items():
        path = folder.path / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        folder.write(path, content)
    return FileKeys(folder.path / FILE_KEYS)


def _bring_audit_log(
    repository: Repository, archive: LogArchive, keys: FileKeys, store: AuditStore
) -> None:
    """Insert all copied entries into an empty store, link by link."""
    newest = repository.newest()
    entries = read_all_entries(repository, archive, newest, keys)
    while some := list(islice(entries, _AT_ONCE)):
        store.append(some)


@contextmanager
def emptied_on_failure(folder: DataFolder) -> Iterator[None]:
    """Leave a folder that was empty, or not there, as it was if the block fails."""
    was_there = folder.path.exists()
    try:
        yield
    except BaseException:
        for path in folder.path.iterdir() if folder.path.exists() else ():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)  # noqa: PTH108 - a link is not followed
        if not was_there:
            with suppress(OSError):
                folder.path.rmdir()
        raise
