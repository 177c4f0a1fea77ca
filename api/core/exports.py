"""Exports of long lists: read as fast as possible, sent as fast as they are fetched.

A list is read in one transaction. If it were sent while it is read, it would occupy a
database connection for as long as the download takes: forty slow downloads occupied all
of them, and nobody else saw anything. So the list is written to a file first, and sent
from there while the file still grows. On disk it is encrypted, and it is gone once it
is sent.
"""

import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, closing
from contextvars import copy_context
from dataclasses import dataclass
from itertools import chain
from tempfile import TemporaryFile
from threading import Condition, Lock, Semaphore, Thread
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from api.core.files.sending import ReleasingResponse, attachment_named
from services.core.errors import TooOften, Unavailable

# Most of a web server's database connections, and of the disk space it may use, have to
# be left for everybody else.
_READ_AT_ONCE: Final = 3
_PER_PERSON: Final = 3
_IN_ALL: Final = 60
_WAIT_SECONDS: Final = 20.0
_AGAIN_SECONDS: Final = 10
_BUSY: Final = "Too many lists are being downloaded. Try again in a minute."
_PIECE_BYTES: Final = 256 * 1024
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 16


class SealedSpool:
    """A file that one thread fills while another reads it from its beginning.

    It has no name, and its content is encrypted with a key that only this object has.
    """

    def __init__(self) -> None:
        cipher = Cipher(AES(os.urandom(_KEY_BYTES)), CTR(os.urandom(_NONCE_BYTES)))
        self._seal, self._unseal = cipher.encryptor(), cipher.decryptor()
        self._file = TemporaryFile(buffering=0)  # noqa: SIM115 (until `close`)
        self._written = 0
        self._failure: BaseException | None = None
        self._is_whole = self._is_closed = False
        self._changed = Condition()

    def fill(self, pieces: Iterator[bytes]) -> None:
        """Append all pieces, or stop once the file is closed; raises nothing."""
        try:
            for piece in pieces:
                if not self._append(self._seal.update(piece)):
                    break
        except BaseException as failure:
            self._failure = failure
        with self._changed:
            self._is_whole = True
            self._changed.notify_all()

    def read(self) -> Generator[bytes]:
        """Yield what is there and what follows; raises what stopped `fill`."""
        place = 0
        while piece := self._sealed_from(place):
            place += len(piece)
            yield self._unseal.update(piece)
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Discard the file; the thread that fills it stops."""
        with self._changed:
            self._is_closed = self._is_whole = True
            self._file.close()
            self._changed.notify_all()

    def _append(self, sealed: bytes) -> bool:
        with self._changed:
            if not self._is_closed:
                left = memoryview(sealed)
                while left:
                    taken = self._file.write(left)
                    self._written += taken
                    left = left[taken:]
                self._changed.notify_all()
            return not self._is_closed

    def _sealed_from(self, place: int) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._written > place or self._is_whole)
            if self._is_closed:
                return b""
            there = min(self._written - place, _PIECE_BYTES)
            # Does not disturb `write`, which continues at the end.
            return os.pread(self._file.fileno(), there, place)


class ListExports:
    """Reads lists for downloads, a few at a time; there is one for each server."""

    def __init__(
        self,
        *,
        read_at_once: int = _READ_AT_ONCE,
        per_person: int = _PER_PERSON,
        wait_seconds: float = _WAIT_SECONDS,
    ) -> None:
        self._readers = Semaphore(read_at_once)
        self._per_person = per_person
        self._wait_seconds = wait_seconds
        self._of: Counter[UUID] = Counter()
        self._lock = Lock()

    def begin(
        self,
        person: UUID,
        read: Callable[[], Generator[str | bytes]],
        *,
        mark: str = "",
    ) -> "ListExport":
        """Start reading a list and return it; `mark` precedes a first piece of text.

        Raises what reading the first piece raises; TooOften if the person already
        fetches as many lists as allowed; Unavailable if all readers stay busy for too
        long.
        """
        with ExitStack() as held:
            self._count(person)
            held.callback(self._discount, person)
            spool = SealedSpool()
            held.callback(spool.close)
            begun: Future[None] = Future()
            # The audit log takes the request's origin from the context.
            Thread(
                target=copy_context().run,
                args=(self._fill, spool, read, mark, begun),
                name="export",
                daemon=True,
            ).start()
            begun.result()
            return ListExport(spool, held.pop_all())

    def _fill(
        self,
        spool: SealedSpool,
        read: Callable[[], Generator[str | bytes]],
        mark: str,
        begun: Future[None],
    ) -> None:
        if not self._readers.acquire(timeout=self._wait_seconds):
            begun.set_exception(Unavailable(_BUSY))
            return
        try:
            with closing(read()) as pieces:
                first = next(pieces)
                begun.set_result(None)
                if isinstance(first, str):
                    first = mark + first
                spool.fill(map(_encoded, chain([first], pieces)))
        except BaseException as refusal:
            if not begun.done():
                begun.set_exception(refusal)
        finally:
            self._readers.release()

    def require_room(self, person: UUID) -> None:
        """Raise TooOften or Unavailable if `begin` would now; nothing is counted."""
        with self._lock:
            self._require_room(person)

    def _require_room(self, person: UUID) -> None:
        if self._of.get(person, 0) >= self._per_person:
            raise TooOften(
                f"You are already downloading {self._per_person} lists. Try "
                "again when one of them is complete.",
                retry_after_seconds=_AGAIN_SECONDS,
            )
        if self._of.total() >= _IN_ALL:
            raise Unavailable(_BUSY)

    def _count(self, person: UUID) -> None:
        with self._lock:
            self._require_room(person)
            self._of[person] += 1

    def _discount(self, person: UUID) -> None:
        with self._lock:
            self._of[person] -= 1
            if not self._of[person]:
                del self._of[person]


@dataclass(frozen=True, slots=True)
class ListExport:
    """A list being sent, with the resources it holds until then."""

    spool: SealedSpool
    held: ExitStack

    def close(self) -> None:
        """Release the list, however much of it was sent; a second call does nothing."""
        self.held.close()


class ListResponse(ReleasingResponse):
    """Sends a list, CSV unless told otherwise, and releases it at the end."""

    def __init__(
        self,
        export: ListExport,
        filename: str,
        media_type: str = "text/csv; charset=utf-8",
    ) -> None:
        super().__init__(
            export.spool.read(),
            export.close,
            media_type=media_type,
            headers={"Content-Disposition": attachment_named(filename)},
        )


def _encoded(piece: str | bytes) -> bytes:
    return piece.encode() if isinstance(piece, str) else piece
