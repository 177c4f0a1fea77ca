"""A durable, encrypted place on this machine for what no database can take just now.

Each process that has something to keep has one file, which it holds locked for as long
as it lives. Every record is sealed by itself, for its place in its file, and is on the
disk when `append` returns. Whoever can lock a file may empty it: its own process, or
after that one's death any other.
"""

import errno
import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final

from db import spool_files
from db.files import private_files
from db.files.file_keys import FileKeys, KeyUnknown, SealBroken, UnusableFileKeys
from db.spool_files import Waiting

_MEGABYTE: Final = 1_000_000
_log = logging.getLogger(__name__)

# Called with each record; whatever it raises leaves the file as it is.
Take = Callable[[bytes], None]


class SpoolUnavailable(Exception):
    """It could not be kept, so nothing may be done that relies on it."""


class Spool:
    """The files of one folder, `max_megabytes` of them in all.

    It may be used by many threads, and its folder by many processes.
    """

    def __init__(
        self, folder: Path, keys: FileKeys, *, max_megabytes: int = 64
    ) -> None:
        self._folder = folder
        self._keys = keys
        self._max_bytes = max_megabytes * _MEGABYTE
        self._guard = Lock()
        self._own: _Writing | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept here, by this process or any other."""
        return not spool_files.paths(self._folder)

    def waiting(self) -> Waiting:
        """Tell what is kept here, by whomever. Raises OSError."""
        return spool_files.waiting(self._folder)

    def append(self, record: bytes) -> None:
        """Keep a record; on the disk when this returns. Raises SpoolUnavailable."""
        with self._guard:
            try:
                own = self._own or self._begin()
                own.append(self._keys.seal(record, own.purpose))
            except (OSError, UnusableFileKeys) as error:
                # What cannot be written whole ends the file: behind half a record
                # nothing would be found again.
                self._let_go()
                raise SpoolUnavailable("It could not be kept on the disk.") from error

    def empty_into(self, take: Take) -> int:
        """Give `take` each record that nobody else holds, and say how many it took.

        A file is deleted once all of it was taken, so after a crash a record may be
        taken again: `take` must bear that. Raises what `take` raises.
        """
        with self._guard:
            self._let_go()
        return sum(self._empty(path, take) for path in spool_files.paths(self._folder))

    def close(self) -> None:
        """Let go of this process's file; what it holds stays for others."""
        with self._guard:
            self._let_go()

    def _begin(self) -> "_Writing":
        used = sum(map(spool_files.size_of, spool_files.paths(self._folder)))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._own = _Writing(
            self._folder / spool_files.new_name(), self._max_bytes - used
        )
        return self._own

    def _let_go(self) -> None:
        if self._own is not None:
            self._own.close()
        self._own = None

    def _empty(self, path: Path, take: Take) -> int:
        with _locked(path) as content:
            if content is None:
                return 0
            count, is_whole = 0, True
            for place, sealed in enumerate(spool_files.records(content)):
                try:
                    record = self._keys.unseal(sealed, _purpose(path.stem, place))
                except SealBroken:
                    is_whole = False
                    continue
                except (KeyUnknown, UnusableFileKeys) as error:
                    # The key file may be put back, so the records stay.
                    _log.error("The spool %s waits: %s", path.name, error)
                    return count
                take(record)
                count += 1
            self._put_away(path, is_whole=is_whole)
            return count

    def _put_away(self, path: Path, *, is_whole: bool) -> None:
        if is_whole:
            path.unlink()
        else:
            _log.error("Records in the spool %s were changed by somebody.", path.name)
            path.rename(path.with_suffix(spool_files.DAMAGED))
        private_files.sync(self._folder)


class _Writing:
    """A file that this process adds to, and holds locked meanwhile."""

    def __init__(self, stem: Path, max_bytes: int) -> None:
        unfinished = stem.with_suffix(spool_files.UNFINISHED)
        path = stem.with_suffix(spool_files.FULL)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(unfinished, flags, 0o600)
        self._name = stem.name
        self._path = path
        self._max_bytes = max_bytes
        self._size = 0
        self._count = 0
        try:
            # Locked before it has its name: nobody may empty it under us.
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unfinished.rename(path)
            private_files.sync(path.parent)
        except OSError:
            self.close()
            unfinished.unlink(missing_ok=True)
            raise

    @property
    def purpose(self) -> str:
        """What the next record is sealed for: no other place, and no other file."""
        return _purpose(self._name, self._count)

    def append(self, sealed: bytes) -> None:
        """Write a record onto the disk, or raise OSError and leave none of it."""
        record = spool_files.framed(sealed)
        if self._size + len(record) > self._max_bytes:
            raise OSError(errno.EDQUOT, "The spool is full.")
        try:
            _write_whole(self._file, record)
            os.fsync(self._file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(record)
        self._count += 1

    def close(self) -> None:
        """Unlock the file; one without a record goes away."""
        if not self._count:
            with suppress(OSError):
                self._path.unlink()
        os.close(self._file)


@contextmanager
def _locked(path: Path) -> Iterator[bytes | None]:
    """Yield what a file holds; None while somebody adds to it, or empties it."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield None
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        # Emptied between our opening and locking it, it has no name any more.
        yield file.read() if os.fstat(file.fileno()).st_nlink else None


def _write_whole(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _purpose(name: str, place: int) -> str:
    return f"spool {name} {place}"
