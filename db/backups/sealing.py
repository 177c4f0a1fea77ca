"""The sealed objects of a backup set: written once, verified before they are trusted.

Each is encrypted with the set's key and bound to its clinic, set and name, so that none
can take another's place.
"""

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO, Any, Final

import tink

from db.backups.backup_errors import SetBroken
from db.backups.manifest import Manifest, SealedObject
from db.files.ciphers import FileCipher
from db.files.file_keys import FileKeys

PIECE: Final = 1024 * 1024


class SealedWriter:
    """Writes one object; `finish` returns its size and SHA-256.

    `head` comes first, and stays readable.
    """

    def __init__(
        self, path: Path, key: FileCipher, bound_to: bytes, head: bytes = b""
    ) -> None:
        self._sink = _HashedFile(path)
        self._sink.write(head)
        self._stream = key.encrypting(self._sink, bound_to)
        self._name = path.name

    def write(self, data: bytes) -> int:
        """Take all of the bytes."""
        self._stream.write(data)
        return len(data)

    def finish(self) -> SealedObject:
        """Write the end, and make sure that all of it is on disk."""
        self._stream.close()
        sink = self._sink
        return SealedObject(self._name, sink.size, sink.digest.hexdigest())

    def abandon(self) -> None:
        """Close the file as it is."""
        self._sink.abandon()


class _HashedFile(io.RawIOBase):
    """A new file that computes the SHA-256 of what was written to it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(self._descriptor, "wb", buffering=PIECE)
        self.digest = sha256()
        self.size = 0

    def writable(self) -> bool:
        """Return True: it can always be written to."""
        return True

    def write(self, data: Any) -> int:
        """Take all of the bytes; return how many there are."""
        self.digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def close(self) -> None:
        """Make sure that everything is on disk, and close the file."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._descriptor)
            self._file.close()
        super().close()

    def abandon(self) -> None:
        """Close the file; what it holds does not count."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class SetSeal:
    """The key of a set, and what its objects are bound to.

    `bases` are the seals of the sets that it is restored with, the full one first.
    """

    system_id: str
    set_id: str
    key: FileCipher
    bases: tuple["SetSeal", ...] = ()

    @contextmanager
    def writing(self, path: Path) -> Iterator[SealedWriter]:
        """Yield a writer for an object; the caller finishes it."""
        writer = SealedWriter(path, self.key, self._binding(path.name))
        try:
            yield writer
        finally:
            writer.abandon()

    @contextmanager
    def reading(self, path: Path) -> Iterator[IO[bytes]]:
        """Yield an object's plain bytes; raises SetBroken while they are read."""
        with (
            path.open("rb", buffering=0) as source,
            self.opening(path.name, source) as stream,
        ):
            yield stream

    @contextmanager
    def opening(self, name: str, source: Any) -> Iterator[IO[bytes]]:
        """Yield the plain bytes of an object from elsewhere; as `reading`."""
        try:
            with closing(self.key.decrypting(source, self._binding(name))) as stream:
                yield stream
        except tink.TinkError as error:
            raise SetBroken(
                f"{name} of backup {self.set_id} does not open: it is not what was "
                "written."
            ) from error

    def _binding(self, name: str) -> bytes:
        return f"backup {self.system_id}/{self.set_id}/{name}".encode()


def seal_of(manifest: Manifest, keys: FileKeys) -> SetSeal:
    """Return the seal of a set's objects; raises SetBroken if its key does not open."""
    return SetSeal(manifest.system_id, manifest.set_id, manifest.key(keys))


def seal_of_chain(chain: Sequence[Manifest], keys: FileKeys) -> SetSeal:
    """Return the seal of the last set, with those of the sets it is restored with.

    Raises SetBroken if one does not open.
    """
    bases = tuple(seal_of(each, keys) for each in chain[:-1])
    return replace(seal_of(chain[-1], keys), bases=bases)


def require_objects(folder: Path, manifest: Manifest) -> None:
    """Raise SetBroken, naming the object, unless a set is all as it was written."""
    by_digest = {each.sha256: each.name for each in manifest.objects}
    for each in manifest.objects:
        path = folder / each.name
        if not path.is_file():
            raise SetBroken(f"{each.name} of backup {manifest.set_id} is missing.")
        digest = digest_of(path)
        if digest == each.sha256:
            continue
        if other := by_digest.get(digest):
            raise SetBroken(
                f"{each.name} of backup {manifest.set_id} is the set's {other}: they "
                "were swapped."
            )
        raise SetBroken(f"{each.name} of backup {manifest.set_id} was changed.")


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file as it is on the disk."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
