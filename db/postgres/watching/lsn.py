"""A position in PostgreSQL's write-ahead log."""

from typing import Self

_HALF_BITS = 32
_LARGEST_HALF = 0xFFFF_FFFF


class Lsn(int):
    """A position in the log; later is greater. It is spelled like "0/16B3748"."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse PostgreSQL's own spelling; raises ValueError."""
        high, separator, low = text.strip().partition("/")
        halves = tuple(int(half, 16) for half in (high, low) if half.isalnum())
        if not separator or len(halves) != 2:  # noqa: PLR2004 - it has two halves
            raise ValueError('A log position looks like "0/16B3748".')
        if max(halves) > _LARGEST_HALF:
            raise ValueError("Each half of a log position has 32 bits.")
        return cls(halves[0] << _HALF_BITS | halves[1])

    def __str__(self) -> str:
        return f"{self >> _HALF_BITS:X}/{self & _LARGEST_HALF:X}"

    def __repr__(self) -> str:
        return f"Lsn({str(self)!r})"


# Beyond what any server will ever reach: a read with it goes to the primary.
BEYOND = Lsn(2**64 - 1)
