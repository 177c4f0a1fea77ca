"""Files of bulk exports as they are kept: packed, for most of a line is in all others.

A seventh of the bytes to encrypt, to send and to keep on three disks: that takes longer
by far than to pack them.
"""

from collections.abc import Generator
from io import RawIOBase
from typing import Final, Protocol

import brotli

from db.files.gridfs import FileDamaged, PlainStream

# What a file is kept as says whether it is packed.
PACKED: Final = "application/fhir+ndjson+br"
# As fast as to hash them. What is sent to somebody is unpacked.
_QUALITY: Final = 0
_READ_BYTES: Final = 64 * 1024
_PIECE_BYTES: Final = 1024 * 1024


class Pieces(Protocol):
    """What can be read in pieces of any length, the last of which is empty."""

    def read(self) -> bytes:
        """Return what follows, nothing at the end."""


class PackedStream(RawIOBase):
    """Bytes packed while they are read; only a piece is held."""

    def __init__(self, pieces: Pieces) -> None:
        super().__init__()
        self._pieces = pieces
        self._packer = brotli.Compressor(mode=brotli.MODE_TEXT, quality=_QUALITY)
        self._is_over = False

    def read(self, _: int = -1, /) -> bytes:
        """Return some packed bytes, however many; none at the end."""
        while not self._is_over:
            piece = self._pieces.read()
            self._is_over = not piece
            packed: bytes = (
                self._packer.process(piece) if piece else self._packer.finish()
            )
            if packed:
                return packed
        return b""


def unpacked(stream: PlainStream) -> Generator[bytes]:
    """Yield what was packed into a file, a piece at a time.

    A file of an export that was made before they were packed is read as it is. Raises
    FileDamaged, FileStoreUnavailable.
    """
    if stream.content_type != PACKED:
        while plain := stream.read(_PIECE_BYTES):
            yield plain
        return
    unpacker = brotli.Decompressor()
    while packed := stream.read(_READ_BYTES):
        piece = unpacker.process(packed, output_buffer_limit=_PIECE_BYTES)
        while piece or not unpacker.can_accept_more_data():
            if piece:
                yield piece
            piece = unpacker.process(b"", output_buffer_limit=_PIECE_BYTES)
    if not unpacker.is_finished():
        raise FileDamaged("The file ends before what was packed into it.")
