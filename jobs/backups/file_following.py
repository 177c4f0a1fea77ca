"""Copies files between two backups as soon as they are stored, and says until when.

Whatever was stored before that time is in the repository. MongoDB tells of each new
entry; what came while nobody listened is found by one look at all of them.
"""

import io
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final

from bson import ObjectId
from bson.raw_bson import RawBSONDocument

from db.backups.backup_errors import SetBroken
from db.backups.file_copies import CopiedFile, FileCopies, list_later_copies
from db.backups.log.archive import LogArchive
from db.backups.repository import Repository
from db.files.bucket_collections import EntryChanges
from db.files.file_errors import FileStoreUnavailable
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from jobs.backups.following import Follower
from jobs.backups.taking import known_copies

_ROUND_SECONDS: Final = 0.3
_MAY_COME: Final = timedelta(seconds=10)
_ENDING: Final = ".log-new"


class FileFollower(Follower):
    """Keeps the copies of files up to date."""

    subject = "the files"
    trouble = "Files are not copied"
    expected = (FileStoreUnavailable,)

    def __init__(
        self,
        store: FileStore,
        repository: Repository,
        archive: LogArchive,
        keys: FileKeys,
        require_repository: Callable[[], None],
    ) -> None:
        super().__init__(repository, require_repository)
        self._store = store
        self._archive = archive
        self._keys = keys
        # Entries whose bytes are not all there yet, and since when they wait.
        self._waiting: list[tuple[str, RawBSONDocument, datetime]] = []

    def follow(self, stopping: Event) -> None:
        """Look at all files once, then take each new one; raises what stops it."""
        self._require_repository()
        self._repository.forget_unfinished(_ENDING)
        with self._store.entry_changes() as changes:
            self._catch_up()
            while not stopping.wait(_ROUND_SECONDS):
                self._take_new(changes)

    def _catch_up(self) -> None:
        began, known = datetime.now(UTC), self._known()
        copies = FileCopies(
            self._store, self._repository, known=dict(known), ending=_ENDING
        )
        with self._archive.copying_files():
            copies.look()
            for place, copy in known.items():
                if copies.copied.get(place) == copy:
                    del copies.copied[place]
            self._keep(copies)
        self._wait_for(copies, [], began)
        self._advance(began)

    def _take_new(self, changes: EntryChanges) -> None:
        self._require_repository()
        began = datetime.now(UTC)
        copies = FileCopies(self._store, self._repository, ending=_ENDING)
        waiting = self._waiting
        with self._archive.copying_files():
            for bucket, entry, _ in waiting:
                copies.copy(bucket, entry)
            for bucket, entry in changes.drain():
                copies.copy(bucket, entry)
            self._keep(copies)
        self._wait_for(copies, waiting, began)
        self._advance(began)

    def _wait_for(
        self,
        copies: FileCopies,
        before: list[tuple[str, RawBSONDocument, datetime]],
        now: datetime,
    ) -> None:
        """Try again what could not be read: an entry may come before its last bytes.

        What is not whole for longer is damaged, and named by each backup.
        """
        since = {entry["_id"]: at for _, entry, at in before}
        waiting = [(b, e, since.get(e["_id"], now)) for b, e in copies.unread]
        self._waiting = [each for each in waiting if now - each[2] < _MAY_COME]

    def _advance(self, until: datetime) -> None:
        # Nobody is told a file's id before all of it is there: no row of before then
        # names one that waits.
        self.until = min([until, *(at for _, _, at in self._waiting)])
        self.failure = ""

    def _keep(self, copies: FileCopies) -> None:
        if copies.copied:
            packed = io.BytesIO()
            copies.write(packed)
            self._archive.add_entries(datetime.now(UTC), packed.getvalue())

    def _known(self) -> dict[tuple[str, ObjectId], CopiedFile]:
        """Return what is copied already, as far as that opens."""
        known = known_copies(self._repository, self._keys)
        with suppress(SetBroken):
            for copy in list_later_copies(self._archive):
                known[copy.place] = copy
        return known
