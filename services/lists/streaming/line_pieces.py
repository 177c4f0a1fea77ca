"""Lines as they are streamed, some at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinePiece:
    """Whole lines, each with its end, and how many they are.

    They may lie in the memory of whatever has made them: to copy them would take
    longer than to pack them, and so would it to count them.
    """

    lines: bytes | memoryview
    count: int
