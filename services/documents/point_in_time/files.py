"""Earlier files: from MongoDB or, where it no longer has them, from backups."""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bson import ObjectId

from db.backups.backup_errors import SetBroken
from db.backups.file_copies import (
    CopiedFile,
    list_later_copies,
    list_set_copies,
    read_plain,
)
from db.backups.log.archive import LogArchive
from db.backups.repository import Repository
from db.disk_reading import DiskReader, DiskSilent
from db.files.file_keys import FileKeys, UnusableFileKeys
from db.files.gridfs import Bucket, FileStore
from services.documents import records
from services.documents.records.errors import Damaged, FileGone, FilesUnavailable
from services.documents.records.model import VersionRecord

# The largest file is read and decrypted within a few seconds.
_SECONDS: Final = 30.0
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EarlierFiles:
    """Where an earlier file may be found: bytes that were filed never change."""

    files: FileStore
    repository: Repository
    keys: FileKeys

    def read(self, version: VersionRecord) -> bytes:
        """Return a version's file, verified by the SHA-256 in its earlier row.

        Raises FileGone, Damaged or FilesUnavailable if no place has it whole.
        """
        try:
            return _proven(self._read_store(version), version)
        except (FileGone, Damaged, FilesUnavailable):
            try:
                content = DiskReader(_SECONDS).read(lambda: self._read_copy(version))
            except DiskSilent as error:
                raise FilesUnavailable from error
            if content is None:
                raise
            return _proven(content, version)

    def _read_store(self, version: VersionRecord) -> bytes:
        with records.open_file(self.files, version) as stream:
            return b"".join(iter(lambda: stream.read(1 << 20), b""))

    def _read_copy(self, version: VersionRecord) -> bytes | None:
        """Return the file from backups; None if none has it whole."""
        place = str(Bucket.DOCUMENTS), ObjectId(version.file_id)
        try:
            for copy in self._list_copies():
                if copy.place == place:
                    return b"".join(read_plain(copy, self.repository, self.keys))
        except (OSError, SetBroken, UnusableFileKeys) as error:
            _log.warning("An earlier file cannot be opened from the backups: %s", error)
        return None

    def _list_copies(self) -> Iterator[CopiedFile]:
        """Yield the copies in backups, the newest first, then those in the archive."""
        repository, keys = self.repository, self.keys
        for manifest in reversed(repository.survey().sets):
            yield from list_set_copies(repository, manifest, keys)
        archive = LogArchive(repository.folder, repository.system_id or "", keys)
        yield from list_later_copies(archive)


def _proven(content: bytes, version: VersionRecord) -> bytes:
    if hashlib.sha256(content).hexdigest() != version.sha256:
        raise Damaged
    return content
