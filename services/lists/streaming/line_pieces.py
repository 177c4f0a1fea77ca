"""Lines as they are streamed, some at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinePiece:
    """Whole lines, each with its end, and their number.

    They may be a view of memory that belongs to whatever made them: copying them would
    take longer than packing them, and so would counting them.
    """

    lines: bytes | memoryview
    count: int
