"""The files of an earlier time: missing ones come back, later ones are set aside."""

from collections.abc import Iterable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from sqlalchemy.orm import Session

from db.backups.backup_errors import SetBroken
from db.backups.file_copies import CopiedFile
from db.backups.repository import Repository
from db.backups.sealing import PIECE
from db.files.file_errors import FileDamaged, FileMissing
from db.files.gridfs import Bucket, FileStore
from db.files.seals import FileEntry
from jobs.backups.looking import Copies, list_references
from services.documents.integrity import pending_deletions
from services.documents.integrity.file_references import FileReference
from services.documents.integrity.sweeping import SWEPT_BUCKETS

_Place = tuple[str, ObjectId]

# Each waits for MongoDB's disks several times; several at once take no longer.
_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class FileReturns:
    """Returns files to a store from a repository that has copies of all."""

    store: FileStore
    repository: Repository
    copies: Copies
    # Files purged since: no backup has them any more.
    purged: Set[_Place] = frozenset()
    # Files that were read, or put back: the bytes of an entry never change.
    whole: dict[_Place, FileEntry] = field(default_factory=dict)

    def bring_back(self, references: Iterable[FileReference]) -> int:
        """Put back files of rows that are missing, or differ from their copy.

        Returns how many. Raises SetBroken, FileStoreUnavailable.
        """
        wanted = set(places_of(references)) - self.purged
        there = {
            place: entry
            for bucket in SWEPT_BUCKETS
            for place, entry in self._entries(bucket)
            if place in wanted
        }

        def is_lacking(place: _Place) -> bool:
            return not self._is_whole(place, there.get(place))

        with ThreadPoolExecutor(_AT_ONCE) as threads:
            compared = zip(wanted, threads.map(is_lacking, wanted), strict=True)
            lacking = [place for place, is_missing in compared if is_missing]
            # Consuming the results raises what a thread has raised.
            list(threads.map(self._put_back, lacking))
        return len(lacking)

    def set_aside(self, session: Session, until: datetime) -> int:
        """Keep files that no earlier row names until a time; return how many.

        The restored rows list deletions that were pending at their time; files that
        were not purged since are judged afresh. The caller commits.
        """
        named = set(places_of(list_references(session)))
        pending_deletions.forget_unreferenced(
            session, [(bucket, str(file_id)) for bucket, file_id in named]
        )
        count = 0
        for bucket in SWEPT_BUCKETS:
            more = {place for place, _ in self._entries(bucket)} - named
            ids = [str(file_id) for _, file_id in more]
            pending_deletions.set_aside(session, bucket, ids, until)
            count += len(ids)
        return count

    def _entries(self, bucket: Bucket) -> Iterator[tuple[_Place, FileEntry]]:
        for document in self.store.list_entries(bucket):
            # An entry that cannot be read counts as missing: its file comes back whole.
            with suppress(FileDamaged):
                entry = FileEntry.read(bucket, document)
                yield (str(bucket), entry.file_id), entry

    def _is_whole(self, place: _Place, entry: FileEntry | None) -> bool:
        copy = self._copy(place)
        if entry is None or (entry.extent, entry.stored_at) != (
            copy.entry.extent,
            copy.entry.stored_at,
        ):
            return False
        if self.whole.get(place) == entry:
            return True
        digest = sha256()
        try:
            with self.store.open_stored(entry) as source:
                while piece := source.read(PIECE):
                    digest.update(piece)
        except (FileDamaged, FileMissing):
            return False
        if digest.hexdigest() != copy.sha256:
            return False
        self.whole[place] = entry
        return True

    def _put_back(self, place: _Place) -> None:
        copy = self._copy(place)
        with self.repository.file(copy.sha256).open("rb") as source:
            self.store.put_back(Bucket(place[0]), RawBSONDocument(copy.raw), source)
        self.whole[place] = copy.entry

    def _copy(self, place: _Place) -> CopiedFile:
        copy = self.copies.get(place)
        if copy is None:
            raise SetBroken(f"The backup lacks the file {place[0]}/{place[1]}.")
        return copy


def places_of(references: Iterable[FileReference]) -> Iterator[_Place]:
    """Yield the bucket and id of each file that rows name."""
    for reference in references:
        for file_id in reference.file_ids:
            yield str(reference.bucket), ObjectId(file_id)
