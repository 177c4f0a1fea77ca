"""Copies of stored files: bytes once, by their SHA-256 in MongoDB; entries separately.

The bytes are encrypted in MongoDB already, each file with a key of its own, which its
entry holds sealed. So bytes go into the repository as they are, and entries into the
sealed part of each set.
"""

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import IO, Any, Final

import bson
import tink
from bson import ObjectId
from bson.errors import InvalidBSON
from bson.raw_bson import RawBSONDocument

from db.backups.backup_errors import CannotBackUp, SetBroken
from db.backups.log.archive import LogArchive
from db.backups.manifest import Manifest
from db.backups.repository import Repository
from db.backups.sealing import PIECE, SealedWriter, digest_of, seal_of
from db.files.bucket_collections import binding_of
from db.files.ciphers import FileCipher, NotDecrypted
from db.files.file_errors import FileDamaged, FileKeyMissing, FileMissing
from db.files.file_keys import FileKeys
from db.files.gridfs import LASTING, FileStore
from db.files.seals import Contents, FileEntry
from db.pace import AT_ONCE, Pace

_Place = tuple[str, ObjectId]


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """A file's entry, raw as MongoDB keeps it, and the SHA-256 of its stored bytes."""

    entry: FileEntry
    raw: bytes
    sha256: str

    @classmethod
    def read(cls, document: dict[str, Any]) -> "CopiedFile":
        """Parse what `FileCopies.write` wrote; raises SetBroken."""
        try:
            raw = document["entry"]
            entry = FileEntry.read(document["bucket"], bson.decode(raw, _OPTIONS))
            return cls(entry, raw, document["sha256"])
        except (FileDamaged, InvalidBSON, KeyError, TypeError) as error:
            raise SetBroken("An entry of a file is not what was written.") from error

    @property
    def name(self) -> str:
        """What messages call the file."""
        return f"File {self.entry.bucket}/{self.entry.file_id}"

    @property
    def place(self) -> _Place:
        """The file's bucket and id."""
        return self.entry.bucket, self.entry.file_id


@dataclass(slots=True)
class FileCopies:
    """The copies that a set will have, collected in one or more looks at the files.

    `known` are the copies of the previous set: bytes never change, so none are read
    twice.
    """

    store: FileStore
    repository: Repository
    known: dict[_Place, CopiedFile] = field(default_factory=dict)
    copied: dict[_Place, CopiedFile] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    # Files that are not complete, or not yet, with their buckets.
    unread: list[tuple[str, RawBSONDocument]] = field(default_factory=list)
    new_bytes: int = 0
    # The ending by which another process's clean-up recognises its unfinished files.
    ending: str = ".new"
    pace: Pace = AT_ONCE

    def look(self) -> None:
        """Copy every file that is there and not copied yet.

        Files that are gone by the next look stay: rows that a backup read before may
        name them. Raises CannotBackUp, and FileStoreUnavailable.
        """
        for bucket in LASTING:
            for document in self.store.list_entries(bucket):
                self.copy(bucket, document)

    def copy(self, bucket: str, document: RawBSONDocument) -> None:
        """Copy the file of an entry, if it is not copied yet; raises as `look` does."""
        try:
            entry = FileEntry.read(bucket, document)
        except FileDamaged:
            self.unreadable.add(f"{bucket}/?")
            return
        if not self._copy(entry, bytes(document.raw)):
            self.unread.append((bucket, document))

    def write(self, sink: SealedWriter | io.BytesIO) -> None:
        """Write every entry with the SHA-256 of its bytes."""
        for (bucket, _), copy in sorted(self.copied.items()):
            sink.write(
                bson.encode(
                    {"bucket": bucket, "entry": copy.raw, "sha256": copy.sha256}
                )
            )

    @property
    def stored_bytes(self) -> int:
        """The size of all files together."""
        return sum(copy.entry.extent.length for copy in self.copied.values())

    @property
    def key_ids(self) -> set[int]:
        """The key file's keys with which the files' own keys are sealed."""
        return {copy.entry.key for copy in self.copied.values()}

    def _copy(self, entry: FileEntry, raw: bytes) -> bool:
        """Copy a file; return whether that was possible."""
        place = entry.bucket, entry.file_id
        if entry.plain_type is not None:
            raise CannotBackUp(
                "A photo of an earlier version is not encrypted yet: the worker does "
                "that within minutes of its start. Back up again then."
            )
        before = self.copied.get(place) or self.known.get(place)
        if (
            before is not None
            and _is_same(before.entry, entry)
            and (place in self.copied or self.repository.file(before.sha256).exists())
        ):
            # The key may have been replaced: the newest entry counts.
            self.copied[place] = CopiedFile(entry, raw, before.sha256)
            return True
        with suppress(FileDamaged, FileMissing):
            self.copied[place] = CopiedFile(entry, raw, self._keep(entry))
            self.unreadable.discard(f"{entry.bucket}/{entry.file_id}")
            return True
        self.unreadable.add(f"{entry.bucket}/{entry.file_id}")
        return False

    def _keep(self, entry: FileEntry) -> str:
        digest, size = sha256(), 0
        with self.repository.new_file(self.ending) as path:
            with self.store.open_stored(entry) as source, path.open("xb") as file:
                path.chmod(0o600)
                while piece := source.read(PIECE):
                    digest.update(piece)
                    size += file.write(piece)
                    self.pace.rest()
                if size != entry.extent.length:
                    raise FileDamaged("The file lacks its last bytes.")
                file.flush()
                os.fsync(file.fileno())
            name = digest.hexdigest()
            if not self.repository.file(name).exists():
                self.repository.keep(path, name)
                self.new_bytes += entry.extent.length
        return name


def _is_same(before: FileEntry, entry: FileEntry) -> bool:
    """Return whether two entries have the same bytes."""
    return (before.extent, before.stored_at) == (entry.extent, entry.stored_at)


def read_copies(source: IO[bytes]) -> Iterator[CopiedFile]:
    """Yield what `FileCopies.write` wrote; raises SetBroken."""
    try:
        for document in bson.decode_file_iter(source):
            yield CopiedFile.read(document)
    except InvalidBSON as error:
        raise SetBroken("An entry of a file is not what was written.") from error


def list_set_copies(
    repository: Repository, manifest: Manifest, keys: FileKeys
) -> Iterator[CopiedFile]:
    """Yield the copies that a set lists; raises SetBroken and OSError."""
    path = repository.set_folder(manifest.set_id) / "entries"
    with seal_of(manifest, keys).reading(path) as stream:
        yield from read_copies(stream)


def list_later_copies(
    archive: LogArchive, since: datetime | None = None
) -> Iterator[CopiedFile]:
    """Yield the copies made after a time, or all that no set lists; raises SetBroken.

    If a file occurs more than once, the last occurrence counts.
    """
    for at, name in archive.list_entries():
        if since is None or at >= since:
            yield from read_copies(io.BytesIO(archive.read(name)))


def require_copy(copy: CopiedFile, repository: Repository) -> None:
    """Raise SetBroken, naming the file, unless its bytes are what was copied."""
    path = repository.file(copy.sha256)
    if not path.is_file():
        raise SetBroken(f"{copy.name} is missing in {repository.folder}.")
    digest = digest_of(path)
    if digest == copy.sha256:
        return
    if repository.file(digest).exists():
        raise SetBroken(
            f"{copy.name} has the bytes of another file in {repository.folder}: they "
            "were swapped."
        )
    raise SetBroken(f"{copy.name} was changed in {repository.folder}.")


def prove_copy(
    copy: CopiedFile, repository: Repository, keys: FileKeys, expected: bytes | None
) -> int:
    """Decrypt a copy and compare its SHA-256 with the row's; return its size.

    Raises SetBroken, naming the file by bucket and id.
    """
    contents = _contents_of(copy, keys)
    size = sum(len(piece) for piece in _read_as(contents, copy, repository))
    if expected is not None and contents.sha256 != expected:
        raise SetBroken(_of_another_row(copy))
    return size


def read_plain(
    copy: CopiedFile, repository: Repository, keys: FileKeys
) -> Iterator[bytes]:
    """Yield a copy's file, decrypted; raises SetBroken, at its end if it differs."""
    yield from _read_as(_contents_of(copy, keys), copy, repository)


def _contents_of(copy: CopiedFile, keys: FileKeys) -> Contents:
    """Return a copy's contents as its entry has them sealed; raises SetBroken."""
    try:
        return copy.entry.unseal(keys)
    except FileKeyMissing as error:
        raise SetBroken(
            f"{copy.name} was sealed with a key that is not here."
        ) from error
    except FileDamaged as error:
        raise SetBroken(_does_not_open(copy)) from error


def _read_as(
    contents: Contents, copy: CopiedFile, repository: Repository
) -> Iterator[bytes]:
    """Yield a copy's file; raises SetBroken, at its end if the bytes differ."""
    digest = sha256()
    try:
        with repository.file(copy.sha256).open("rb", buffering=0) as source:
            stream = FileCipher.of(contents.key).decrypting(
                source, binding_of(copy.entry.bucket, copy.entry.file_id)
            )
            while piece := stream.read(PIECE):
                digest.update(piece)
                yield piece
    except (NotDecrypted, tink.TinkError) as error:
        raise SetBroken(_does_not_open(copy)) from error
    if digest.digest() != contents.sha256:
        raise SetBroken(_of_another_row(copy))


def _does_not_open(copy: CopiedFile) -> str:
    return f"{copy.name} does not open: it is not what was filed."


def _of_another_row(copy: CopiedFile) -> str:
    return f"{copy.name} is not the file that its row names."


# As MongoDB's own client reads entries: times with their zone.
_OPTIONS: Final[bson.CodecOptions[Mapping[str, Any]]] = bson.CodecOptions(tz_aware=True)
