"""A stored file's bytes as they were put, a piece at a time."""

from typing import IO, Final

import tink

from db.files.chunks import ChunkReader
from db.files.file_errors import FileDamaged
from db.mongo.outages import answering

_PIECE: Final = 256 * 1024


class PlainStream:
    """The plain bytes of a file, in order.

    Reading raises FileDamaged at the first segment that does not verify: everything
    read before it is as it was put. It may raise FileStoreUnavailable as well.
    """

    def __init__(
        self, plain: IO[bytes], source: ChunkReader, size: int, content_type: str
    ) -> None:
        self.size = size
        self.content_type = content_type
        self._plain = plain
        self._source = source
        self._left = size

    def read(self, count: int = -1) -> bytes:
        """Return this many bytes, fewer only at the end; without a count, the rest."""
        wanted = self._left if count < 0 else min(count, self._left)
        if not wanted:
            return b""
        with answering():
            data = self._decrypted(wanted)
        if len(data) != wanted:
            raise FileDamaged("The file is shorter than it was.")
        self._left -= wanted
        return data

    def skip(self, count: int) -> None:
        """Skip bytes; they are verified nevertheless."""
        while count > 0 and (skipped := len(self.read(min(count, _PIECE)))):
            count -= skipped

    def _decrypted(self, count: int) -> bytes:
        try:
            return self._plain.read(count)
        except tink.TinkError as error:
            if self._source.failure is not None:
                raise self._source.failure from error
            raise FileDamaged("The file's bytes are not what was stored.") from error
