"""Long lists on their way out: read as fast as they can be, sent as they are fetched.

A list is read in one transaction. Sent while it is read, it would keep a connection of
the database for as long as somebody fetches it: forty who fetch slowly kept all of
them, and nobody else saw anything. So it goes into a file first, from which it is sent
while it still grows. On the disk it is sealed, and gone when it is sent.
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

# Of the connections that a web server has to a database, and of what it may keep on its
# disk, everybody else needs most.
_READ_AT_ONCE: Final = 3
_PER_PERSON: Final = 3
_IN_ALL: Final = 60
_WAIT_SECONDS: Final = 20.0
_AGAIN_SECONDS: Final = 10
_BUSY: Final = "Many lists are being fetched. Try again in a minute."
_PIECE_BYTES: Final = 256 * 1024
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 16


class SealedSpool:
    """A file that one thread fills while another reads it from its beginning.

    It has no name, and what is in it is encrypted with a key that only it knows.
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
        """Take all pieces, until nobody wants them any more; raises nothing."""
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
        """Yield what is there and what comes; raises what kept `fill` from the rest."""
        place = 0
        while piece := self._sealed_from(place):
            place += len(piece)
            yield self._unseal.update(piece)
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Throw the file away; whoever fills it notices."""
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
            # Beside `write`, which goes on at the end.
            return os.pread(self._file.fileno(), there, place)


class ListExports:
    """Reads lists for whoever fetches them, a few at a time; one for a server."""

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
        """Return a list that is being read; `mark` comes before a first piece of text.

        Raises what reading the first piece raises; TooOften of a person who fetches as
        many as one may, Unavailable while others' are read for too long.
        """
        with ExitStack() as held:
            self._count(person)
            held.callback(self._discount, person)
            spool = SealedSpool()
            held.callback(spool.close)
            begun: Future[None] = Future()
            # What is written down of the request goes by its context.
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

    def _count(self, person: UUID) -> None:
        with self._lock:
            if self._of[person] >= self._per_person:
                raise TooOften(
                    f"You are fetching {self._per_person} lists already. Try again "
                    "when one of them is there.",
                    retry_after_seconds=_AGAIN_SECONDS,
                )
            if self._of.total() >= _IN_ALL:
                raise Unavailable(_BUSY)
            self._of[person] += 1

    def _discount(self, person: UUID) -> None:
        with self._lock:
            self._of[person] -= 1
            if not self._of[person]:
                del self._of[person]


@dataclass(frozen=True, slots=True)
class ListExport:
    """A list on its way to whoever fetches it, and what is held until it is there."""

    spool: SealedSpool
    held: ExitStack

    def close(self) -> None:
        """Let go of the list, however far it has come; a second time does nothing."""
        self.held.close()


class ListResponse(ReleasingResponse):
    """Sends a list, CSV unless told otherwise, and lets go of it in the end."""

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
