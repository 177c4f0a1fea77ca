"""The pieces in which GridFS keeps a file's bytes: written and read a few at a time."""

import io
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bson import ObjectId
from gridfs import DEFAULT_CHUNK_SIZE
from pymongo.client_session import ClientSession

from db.files.bucket_collections import Documents
from db.files.file_errors import FileDamaged

CHUNK: Final = DEFAULT_CHUNK_SIZE
# How many chunks are in transit at once: pymongo's own streams collect 32 MB before
# they send, and receive 16 MB at a time. Each batch sent waits for the members' disks;
# what is received in small batches is still in the processor's cache when it is
# decrypted.
_SENT_AT_ONCE: Final = 16
_RECEIVED_AT_ONCE: Final = 4
# A file of up to this many chunks is received as a whole.
_IN_ONE_GO: Final = 8


@dataclass(frozen=True, slots=True)
class Extent:
    """How many bytes a stored file has, and the size of its chunks."""

    length: int
    chunk_size: int

    def expected(self, number: int) -> int:
        """Return how many bytes the chunk of this number must have."""
        return max(0, min(self.chunk_size, self.length - number * self.chunk_size))

    @property
    def received_at_once(self) -> int:
        """The number of chunks to ask for at a time.

        For a small file it is one more than there should be: an answer that is not full
        is the last one, so no further request is needed to find the end.
        """
        count = -(-self.length // max(1, self.chunk_size))
        return count + 1 if 0 <= count <= _IN_ONE_GO else _RECEIVED_AT_ONCE


class ChunkWriter(io.RawIOBase):
    """A sink that cuts what is written to it into chunks.

    Tink writes to it, and it is undefined what would become of an exception raised in
    there. So nothing is sent from `write`, but by the caller of `send` in between.
    """

    def __init__(
        self, chunks: Documents, file_id: ObjectId, session: ClientSession | None = None
    ) -> None:
        super().__init__()
        self._chunks = chunks
        self._file_id = file_id
        self._session = session
        self._rest = bytearray()
        self._cut: list[dict[str, Any]] = []
        self._sent = 0
        self.length = 0

    def writable(self) -> bool:
        """Return True: it can always be written to."""
        return True

    def write(self, data: Any) -> int:
        """Take all of the bytes; return how many there are."""
        self._rest += data
        self.length += len(data)
        while len(self._rest) >= CHUNK:
            self._cut_off(CHUNK)
        return len(data)

    def send(self) -> None:
        """Store the complete chunks, once there are enough of them to be worth it."""
        if len(self._cut) >= _SENT_AT_ONCE:
            self.send_rest()

    def finish(self) -> Extent:
        """Cut off the rest for `send_rest` to store; return the extent of all of it."""
        if self._rest:
            self._cut_off(len(self._rest))
        return Extent(self.length, CHUNK)

    def send_rest(self) -> None:
        """Store the chunks that are cut and not stored yet."""
        if self._cut:
            self._chunks.insert_many(self._cut, session=self._session)
        self._sent += len(self._cut)
        self._cut = []

    def _cut_off(self, length: int) -> None:
        with memoryview(self._rest) as view:
            data = bytes(view[:length])
        del self._rest[:length]
        number = self._sent + len(self._cut)
        self._cut.append({"files_id": self._file_id, "n": number, "data": data})


class ChunkReader(io.RawIOBase):
    """A source of a file's bytes as they are stored.

    An error is kept in `failure`: Tink, which reads from it, would only report that
    there was one.
    """

    def __init__(self, chunks: Documents, file_id: ObjectId, extent: Extent) -> None:
        super().__init__()
        self._pieces = _pieces(chunks, file_id, extent)
        self._piece = memoryview(b"")
        self.failure: Exception | None = None

    def readable(self) -> bool:
        """Return True: it can always be read from."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return some of the bytes that follow; none at the end."""
        try:
            if not self._piece:
                self._piece = memoryview(next(self._pieces, b""))
        except Exception as error:
            self.failure = error
            raise
        count = len(self._piece) if size < 0 else size
        taken, self._piece = self._piece[:count], self._piece[count:]
        return bytes(taken)

    def readinto(self, buffer: Any) -> int:
        """Fill the beginning of a buffer; return how many bytes were filled."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the server's cursor."""
        self._pieces.close()
        super().close()


def _pieces(chunks: Documents, file_id: ObjectId, extent: Extent) -> Generator[bytes]:
    """Yield the chunks' bytes in order; raises FileDamaged at one that does not fit.

    Missing chunks at the end are noticed by the caller, which decrypts or counts the
    bytes.
    """
    cursor = chunks.find(
        {"files_id": file_id}, sort=[("n", 1)], batch_size=extent.received_at_once
    )
    with cursor:
        for number, chunk in enumerate(cursor):
            yield _data(chunk, number, extent)


def _data(chunk: Mapping[str, Any], number: int, extent: Extent) -> bytes:
    data = chunk.get("data")
    if (
        chunk.get("n") != number
        or type(data) is not bytes
        or len(data) != extent.expected(number)
    ):
        raise FileDamaged("The file has a chunk that does not fit.")
    return data
