"""Files of exports are packed as they are stored, and unpacked as they are sent."""

import json
from io import BytesIO

import brotli
import pytest

from db.files.file_errors import FileDamaged
from services.fhir.bulk_exports.packing import PACKED, PackedStream, unpacked

LINES = b"".join(
    json.dumps({"resourceType": "Patient", "id": number}).encode() + b"\n"
    for number in range(20_000)
)


class Kept(BytesIO):
    """A file as the store returns it."""

    content_type = PACKED


class Pieces:
    """Bytes in pieces of this size."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data = BytesIO(data)
        self._size = size

    def read(self) -> bytes:
        return self._data.read(self._size)


def packed(data: bytes, size: int = 100_000) -> bytes:
    stream = PackedStream(Pieces(data, size))
    return b"".join(iter(stream.read, b""))


@pytest.mark.parametrize("size", [1_000, 10_000_000])
@pytest.mark.parametrize(
    "data",
    [b"", b"{}\n", LINES, b"0" * 20_000_000],
    ids=["nothing", "a line", "many lines", "what packs well"],
)
def test_what_is_packed_comes_back_a_piece_at_a_time(data, size):
    pieces = list(unpacked(Kept(packed(data, size))))

    assert b"".join(pieces) == data
    assert all(0 < len(piece) < 4_000_000 for piece in pieces)


def test_lines_take_less_room_packed():
    assert len(packed(LINES)) < len(LINES) / 4


def test_what_an_export_of_before_has_is_sent_as_it_is():
    file = Kept(LINES)
    file.content_type = "application/fhir+ndjson"

    assert b"".join(unpacked(file)) == LINES


def by_brotli(data: bytes) -> Kept:
    """Return a file as the earlier version packed exports."""
    file = Kept(brotli.compress(data, quality=0))
    file.content_type = "application/fhir+ndjson+br"
    return file


@pytest.mark.parametrize("data", [LINES, b"0" * 20_000_000])
def test_what_an_export_of_before_has_packed_comes_back(data):
    pieces = list(unpacked(by_brotli(data)))

    assert b"".join(pieces) == data
    assert all(0 < len(piece) < 4_000_000 for piece in pieces)


def test_a_file_that_ends_too_early_is_damaged():
    whole = by_brotli(LINES)
    half = Kept(whole.getvalue()[:-9])
    half.content_type = whole.content_type

    for file in (half, Kept(packed(LINES)[:-9]), Kept(packed(LINES)[:-4])):
        with pytest.raises(FileDamaged):
            list(unpacked(file))


@pytest.mark.parametrize("place", [0, 1_000, -6])
def test_a_file_that_is_another_than_was_packed_is_damaged(place):
    changed = bytearray(packed(LINES))
    changed[place] ^= 1

    with pytest.raises(FileDamaged):
        list(unpacked(Kept(changed)))
