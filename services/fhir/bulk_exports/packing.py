"""Files of bulk exports as they are kept: packed, for most of a line is in all others.

A seventh of the bytes to encrypt, to send and to keep on three disks: that takes longer
by far than to pack them.
"""

from collections.abc import Generator
from io import RawIOBase
from typing import Final, Protocol, cast

import brotli
from isal import isal_zlib

from db.files.gridfs import FileDamaged, PlainStream

# What a file is kept as says whether it is packed.
PACKED: Final = "application/fhir+ndjson+gzip"
# Exports of a day before 2026-11-29 are packed so; brotli's fastest takes longer.
_PACKED_BY_BROTLI: Final = "application/fhir+ndjson+br"
# What is sent to somebody is unpacked.
_LEVEL: Final = 1
_GZIP: Final = 16 + isal_zlib.MAX_WBITS
_NOT_PACKED: Final = cast("type[Exception]", isal_zlib.error)
_READ_BYTES: Final = 64 * 1024
_PIECE_BYTES: Final = 1024 * 1024
_NOT_WHOLE: Final = "The file is not what was packed into it."


class Pieces(Protocol):
    """What can be read in pieces of any length, the last of which is empty."""

    def read(self) -> bytes | memoryview:
        """Return what follows, nothing at the end."""


class PackedStream(RawIOBase):
    """Bytes packed while they are read; only a piece is held."""

    def __init__(self, pieces: Pieces) -> None:
        super().__init__()
        self._pieces = pieces
        self._packer = isal_zlib.compressobj(_LEVEL, wbits=_GZIP)
        self._is_over = False

    def read(self, _: int = -1, /) -> bytes:
        """Return some packed bytes, however many; none at the end."""
        while not self._is_over:
            piece = self._pieces.read()
            self._is_over = not piece
            packed = self._packer.compress(piece) if piece else self._packer.flush()
            if packed:
                return packed
        return b""


def unpacked(stream: PlainStream) -> Generator[bytes]:
    """Yield what was packed into a file, a piece at a time.

    A file of an export that was made before they were packed is read as it is. Raises
    FileDamaged, FileStoreUnavailable.
    """
    if stream.content_type == PACKED:
        yield from _unzipped(stream)
        return
    if stream.content_type == _PACKED_BY_BROTLI:
        yield from _by_brotli(stream)
        return
    while plain := stream.read(_PIECE_BYTES):
        yield plain


def _unzipped(stream: PlainStream) -> Generator[bytes]:
    unpacker = isal_zlib.decompressobj(wbits=_GZIP)
    try:
        while packed := stream.read(_READ_BYTES):
            is_more = True
            while is_more:
                piece = unpacker.decompress(packed, _PIECE_BYTES)
                packed = unpacker.unconsumed_tail
                # What has come out fills its room: there may be more of it.
                is_more = bool(packed) or len(piece) == _PIECE_BYTES
                if piece:
                    yield piece
    except _NOT_PACKED as error:
        raise FileDamaged(_NOT_WHOLE) from error
    if not unpacker.eof:
        raise FileDamaged(_NOT_WHOLE)


def _by_brotli(stream: PlainStream) -> Generator[bytes]:
    unpacker = brotli.Decompressor()
    while packed := stream.read(_READ_BYTES):
        piece = unpacker.process(packed, output_buffer_limit=_PIECE_BYTES)
        while piece or not unpacker.can_accept_more_data():
            if piece:
                yield piece
            piece = unpacker.process(b"", output_buffer_limit=_PIECE_BYTES)
    if not unpacker.is_finished():
        raise FileDamaged(_NOT_WHOLE)
