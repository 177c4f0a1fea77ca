"""Destroys the bytes of purged files in the repository, for all its backups at once.

The bytes are stored once, under the SHA-256 of what MongoDB held, whichever backups
name them. The list of purged files is written before the bytes go, so that a restore of
an older time knows that they are gone for good. The copy elsewhere follows that list.
"""

import logging
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bson import ObjectId
from bson.errors import InvalidId

from db.backups.backup_errors import CannotBackUp, CannotRestore, SetBroken
from db.backups.file_copies import CopiedFile, list_later_copies, read_copies
from db.backups.known_repository import require_there
from db.backups.log.archive import LogArchive
from db.backups.log.purged_files import (
    PurgedFile,
    add_purged_files,
    list_purged_files,
)
from db.backups.repository import Repository
from db.backups.sealing import seal_of
from db.disk_reading import DiskReader, DiskSilent
from db.files import private_files
from db.files.file_keys import FileKeys, UnusableFileKeys

_Place = tuple[str, ObjectId]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BackupErasure:
    """Destroys purged files; `data` remembers where the backups were."""

    repository: Repository
    keys: FileKeys
    data: Path
    disk: DiskReader = field(default_factory=DiskReader)

    def try_to_erase(self, files: Collection[tuple[str, str]]) -> bool:
        """Destroy files by bucket and id; return whether no backup has them any more.

        If that is impossible now, it has to be repeated.
        """
        try:
            # The queue has more to do than to wait for a disk that does not answer.
            self.disk.read(lambda: self.repository.system_id)
            self.erase(files)
        except DiskSilent as silent:
            _log.warning("Purged files stay in the backups for now: %s", silent)
        except (CannotBackUp, CannotRestore, UnusableFileKeys) as error:
            _log.warning("Purged files stay in the backups for now: %s", error)
        except OSError as error:
            why = error.strerror or type(error).__name__
            _log.warning("Purged files stay in the backups for now: %s.", why)
        else:
            return True
        return False

    def erase(self, files: Collection[tuple[str, str]]) -> None:
        """Destroy files by bucket and id, and those left half destroyed before.

        Raises CannotBackUp if the repository is not there, or is being read or written,
        SetBroken, UnusableFileKeys and OSError; it can be repeated then.
        """
        repository = self.repository
        require_there(repository, self.data)
        system_id = repository.system_id
        if system_id is None or not files:
            return
        archive = LogArchive(repository.folder, system_id, self.keys)
        archive.folder.mkdir(mode=0o700, exist_ok=True)
        # Before lists are read: a backup that ends meanwhile would be in none of them.
        was_busy = repository.is_busy
        with repository.unread() as is_unread, archive.copying_files():
            if not is_unread:
                raise CannotBackUp("A backup is being read.")
            known = {each.place: each for each in list_purged_files(archive)}
            new = list(self._find(archive, set(_places(files)) - known.keys()))
            if new:
                add_purged_files(archive, datetime.now(UTC), new)
            self._destroy({each.sha256 for each in (*known.values(), *new)})
            if was_busy or repository.is_busy:
                # The running backup may have copied some of them before they went, and
                # lists them only once it is complete.
                raise CannotBackUp("A backup is being made.")

    def _find(self, archive: LogArchive, wanted: set[_Place]) -> Iterator[PurgedFile]:
        """Yield the copies of files; a file that was never copied has none."""
        for copies in self._lists(archive):
            if not wanted:
                return
            copied: dict[_Place, CopiedFile] = {}
            # A list that does not open cannot bring files back either.
            with suppress(SetBroken, OSError):
                copied = {each.place: each for each in copies if each.place in wanted}
            wanted = wanted - copied.keys()
            for copy in copied.values():
                yield PurgedFile(*copy.place, copy.sha256)

    def _lists(self, archive: LogArchive) -> Iterator[Iterator[CopiedFile]]:
        """Yield lists of files: the newest set's, the log's, then older sets'."""
        survey = self.repository.survey()
        # A set that lacks its base may become whole once somebody puts the base back.
        sets = (*survey.orphans, *survey.sets)
        for manifest in reversed(sets):
            path = self.repository.set_folder(manifest.set_id) / "entries"
            with (
                suppress(SetBroken, OSError),
                seal_of(manifest, self.keys).reading(path) as stream,
            ):
                yield read_copies(stream)
            if manifest is sets[-1]:
                yield list_later_copies(archive)

    def _destroy(self, digests: Collection[str]) -> None:
        for digest in digests:
            path = self.repository.file(digest)
            if path.exists():
                path.unlink()
                private_files.sync(path.parent)


def _places(files: Collection[tuple[str, str]]) -> Iterator[_Place]:
    for bucket, file_id in files:
        # An id that is not MongoDB's belongs to no file that was copied.
        with suppress(InvalidId):
            yield bucket, ObjectId(file_id)
