"""A text as a QR code, to be drawn in rectangles."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import segno


@dataclass(frozen=True, slots=True)
class Stretch:
    """Dark modules side by side: in which row, from which column, how many."""

    row: int
    column: int
    length: int


@dataclass(frozen=True, slots=True)
class Code:
    """A square of so many modules on each side, of which these are dark."""

    size: int
    stretches: tuple[Stretch, ...]


def code_of(text: str) -> Code:
    """Return the code; it can be read with a seventh of it missing."""
    matrix = segno.make_qr(text, error="m").matrix
    stretches = (
        stretch
        for row, modules in enumerate(matrix)
        for stretch in _stretches(row, bytes(modules))
    )
    return Code(len(matrix), tuple(stretches))


def _stretches(row: int, modules: bytes) -> Iterator[Stretch]:
    column = 0
    for dark, side_by_side in groupby(modules):
        length = len(tuple(side_by_side))
        if dark:
            yield Stretch(row, column, length)
        column += length
