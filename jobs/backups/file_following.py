"""Copies files between two backups as soon as they are stored, and records until when.

Whatever was stored before that time is in the repository. MongoDB reports each new
entry; those that came while nobody listened are found by one look at all of them.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final

from bson import ObjectId
from bson.raw_bson import RawBSONDocument

from db.backups.backup_errors import SetBroken
from db.backups.file_copies import CopiedFile, FileCopies, list_later_copies
from db.backups.log.archive import LogArchive
from db.backups.log.windows import read_position
from db.backups.manifest import Manifest
from db.backups.repository import Repository
from db.files.bucket_collections import EntryChanges
from db.files.file_errors import FileStoreUnavailable
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore
from jobs.backups.following import Follower
from jobs.backups.taking import copies_in

_ROUND_SECONDS: Final = 0.3
_MAY_COME: Final = timedelta(seconds=10)
_ENDING: Final = ".log-new"
_Copies = dict[tuple[str, ObjectId], CopiedFile]


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
        # What was copied by then is still there, whichever worker did it.
        if (position := read_position(archive.folder)) is not None:
            self.until = position.files_until
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
        """List files that came while nobody listened, even if a set has them by now.

        A restore to a time before that set starts from an earlier one.
        """
        began, sets = datetime.now(UTC), self._repository.survey().sets
        base, meanwhile = _parted(sets, self.until)
        listed = self._listed_from(base)
        between = self._copied_by(meanwhile)
        copies = FileCopies(
            self._store, self._repository, known=between | listed, ending=_ENDING
        )
        with self._archive.copying_files():
            copies.look()
            there = copies.copied
            # Some may be gone again. If they were purged, so are their bytes.
            there |= {
                place: copy
                for place, copy in between.items()
                if place not in there and self._repository.file(copy.sha256).exists()
            }
            for place, copy in listed.items():
                if there.get(place) == copy:
                    del there[place]
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
        """Keep what could not be read for later: bytes may come after an entry.

        An entry that stays incomplete for longer is damaged, and each backup names it.
        """
        since = {entry["_id"]: at for _, entry, at in before}
        waiting = [(b, e, since.get(e["_id"], now)) for b, e in copies.unread]
        self._waiting = [each for each in waiting if now - each[2] < _MAY_COME]

    def _advance(self, until: datetime) -> None:
        # A file's id is not known to anybody before all of it is there, so no earlier
        # row names one that waits.
        self.until = min([until, *(at for _, _, at in self._waiting)])
        self.failure = ""

    def _keep(self, copies: FileCopies) -> None:
        if copies.copied:
            packed = io.BytesIO()
            copies.write(packed)
            self._archive.add_entries(datetime.now(UTC), packed.getvalue())

    def _listed_from(self, base: Manifest | None) -> _Copies:
        """Return the files that a restore from a set finds, as far as that opens."""
        listed = {} if base is None else self._copied_by([base])
        since = None if base is None else base.began_at
        with suppress(SetBroken):
            for copy in list_later_copies(self._archive, since):
                listed[copy.place] = copy
        return listed

    def _copied_by(self, sets: Iterable[Manifest]) -> _Copies:
        copied: _Copies = {}
        for each in sets:
            copied |= copies_in(self._repository, each, self._keys)
        return copied


def _parted(
    sets: Sequence[Manifest], until: datetime | None
) -> tuple[Manifest | None, Sequence[Manifest]]:
    """Return the newest set whose files the log also knows, and those made after it.

    Without such a set it is the oldest one, since nobody can go back further.
    """
    made = sum(until is not None and each.finished_at <= until for each in sets)
    first = max(made, 1)
    return (sets[first - 1] if sets else None), sets[first:]
