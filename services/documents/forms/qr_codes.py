"""A text as a QR code, to be drawn as rectangles."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import segno


@dataclass(frozen=True, slots=True)
class Stretch:
    """Dark modules side by side: their row, first column and number."""

    row: int
    column: int
    length: int


@dataclass(frozen=True, slots=True)
class Code:
    """A square of `size` modules on each side, and the dark ones among them."""

    size: int
    stretches: tuple[Stretch, ...]


def code_of(text: str) -> Code:
    """Return the code; it can be read even if a seventh of it is damaged."""
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
