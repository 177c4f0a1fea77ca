"""Compression of bulk export files in the store: their lines have much in common.

A seventh of the bytes has to be encrypted, sent and kept on three disks, which takes
far longer than compressing them.
"""

from collections.abc import Generator
from io import RawIOBase
from typing import Final, Protocol, cast

import brotli
from isal import isal_zlib

from db.files.gridfs import FileDamaged, PlainStream

# The content type of a stored file shows whether it is compressed.
PACKED: Final = "application/fhir+ndjson+gzip"
# Exports from before 2026-11-29 use this; even the fastest level of brotli takes
# longer.
_PACKED_BY_BROTLI: Final = "application/fhir+ndjson+br"
# A fast level: this is for the store, and files are sent uncompressed.
_LEVEL: Final = 1
_GZIP: Final = 16 + isal_zlib.MAX_WBITS
_NOT_PACKED: Final = cast("type[Exception]", isal_zlib.error)
_READ_BYTES: Final = 64 * 1024
_PIECE_BYTES: Final = 1024 * 1024
_NOT_WHOLE: Final = "The file is not what was packed into it."


class Pieces(Protocol):
    """Something that is read in pieces of any length, the last of which is empty."""

    def read(self) -> bytes | memoryview:
        """Return the next piece, empty at the end."""


class PackedStream(RawIOBase):
    """Bytes that are compressed while they are read; only a piece is in memory."""

    def __init__(self, pieces: Pieces) -> None:
        super().__init__()
        self._pieces = pieces
        self._packer = isal_zlib.compressobj(_LEVEL, wbits=_GZIP)
        self._is_over = False

    def read(self, _: int = -1, /) -> bytes:
        """Return the next compressed bytes, however many; none at the end."""
        while not self._is_over:
            piece = self._pieces.read()
            self._is_over = not piece
            packed = self._packer.compress(piece) if piece else self._packer.flush()
            if packed:
                return packed
        return b""


def unpacked(stream: PlainStream) -> Generator[bytes]:
    """Yield the uncompressed content of a file, a piece at a time.

    A file from before exports were compressed is read as it is. Raises FileDamaged,
    FileStoreUnavailable.
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
                # If the output has the greatest length, there may be more of it.
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
