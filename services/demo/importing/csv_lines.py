"""A CSV file read line by line, so that a bad line affects no other.

A record is one line: Synthea removes line breaks from its values. So a quotation mark
that is never closed costs its own line and not the rest of the file.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from services.core.errors import InvalidInput
from services.core.typed_text import without_directions

_LONGEST_LINE: Final = 65_536
# Tabs count as spaces; no other control characters belong in a line.
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class CannotImport(InvalidInput):
    """A file as a whole cannot be read; nothing was changed."""


class Rejected(Exception):
    """A line is rejected; the reason names columns and never contains their values."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its number as in editors, and its values or what is wrong with it."""

    number: int
    values: tuple[str, ...]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file whose heading has at least the required columns.

    `positions` has the index of each column; None for an optional one that is missing.
    """

    path: Path
    positions: tuple[int | None, ...]
    width: int

    @classmethod
    def find(
        cls, path: Path, columns: tuple[str, ...], may_miss: tuple[str, ...] = ()
    ) -> "CsvFile":
        """Find the columns in the heading. Raises CannotImport.

        Optional ones come after the others, and have empty values if they are missing.
        """
        names = [name.strip().casefold() for name in _heading(path)]
        missing = [column for column in columns if column.casefold() not in names]
        if missing:
            raise CannotImport(
                path.name,
                f"{path.name} has no column {' and no column '.join(missing)}: "
                "export the data from Synthea again, as CSV.",
            )
        keys = [column.casefold() for column in (*columns, *may_miss)]
        positions = (names.index(key) if key in names else None for key in keys)
        return cls(path, tuple(positions), len(names))

    @property
    def size_bytes(self) -> int:
        """The size of the file."""
        return self.path.stat().st_size

    def lines(
        self, report: Callable[[int], None] = lambda _size: None
    ) -> Iterator[Line]:
        """Yield every line below the heading with the values of the columns, in order.

        `report` is called with the bytes read since the last call.
        """
        with self.path.open("rb") as file:
            for number, raw in enumerate(_raw_lines(file), start=1):
                report(len(raw))
                if number > 1 and raw.strip():
                    yield self._line(number, raw)

    def _line(self, number: int, raw: bytes) -> Line:
        try:
            return Line(number, self._values(raw))
        except Rejected as reason:
            return Line(number, (), str(reason))

    def _values(self, raw: bytes) -> tuple[str, ...]:
        values = _parsed(raw)
        if len(values) != self.width:
            raise Rejected(
                f"the line has {len(values)} columns and the heading {self.width}"
            )
        return tuple(
            "" if position is None else values[position] for position in self.positions
        )


def _heading(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            raw = file.readline(_LONGEST_LINE)
        return _parsed(raw.removeprefix(b"\xef\xbb\xbf"))
    except FileNotFoundError as error:
        raise CannotImport(
            path.name,
            f"There is no {path.name} in {path.parent}: "
            "name the folder of CSV files that Synthea wrote.",
        ) from error
    except OSError as error:
        raise CannotImport(
            path.name, f"{path} cannot be read: {error.strerror}."
        ) from error
    except Rejected as reason:
        raise CannotImport(
            path.name, f"{path.name} is no CSV file: in its heading, {reason}."
        ) from reason


def _raw_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines; of one that is far too long only enough for it to be rejected."""
    while raw := file.readline(_LONGEST_LINE + 1):
        ending = raw
        while len(ending) > _LONGEST_LINE and not ending.endswith(b"\n"):
            ending = file.readline(_LONGEST_LINE + 1)
        yield raw


def _parsed(raw: bytes) -> list[str]:
    if len(raw) > _LONGEST_LINE:
        raise Rejected(f"the line is longer than {_LONGEST_LINE:,} bytes")
    try:
        text = without_directions(raw.rstrip(b"\r\n").decode())
    except UnicodeDecodeError as error:
        raise Rejected("the line is not UTF-8") from error
    if _CONTROLS.search(text):
        raise Rejected("the line holds control characters")
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise Rejected("the quotation marks are broken") from error
