"""Two texts side by side: which lines differ, and which words in them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Final

# How many equal lines are shown around a difference, so that one sees where it is.
_AROUND: Final = 2
# A line with more words is shown as changed as a whole: comparing words takes time that
# grows with the square of their number.
_MOST_WORDS: Final = 400
_WORD: Final = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class ComparedPart:
    """A piece of a line, and whether it differs from the other side."""

    text: str
    is_changed: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """A line of one text, and the number of its page."""

    page: int
    parts: tuple[ComparedPart, ...]


@dataclass(frozen=True, slots=True)
class ComparedPair:
    """Two lines side by side; a side without a counterpart is None."""

    left: Side | None
    right: Side | None
    is_equal: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """The number of equal lines that are left out here."""

    lines: int


@dataclass(frozen=True, slots=True)
class _Line:
    page: int
    text: str


def compare(
    left: Sequence[str], right: Sequence[str]
) -> tuple[ComparedPair | Gap, ...]:
    """Return the differences of two texts, page by page, with the lines around them.

    Equal texts have none. Differences in white space do not count.
    """
    before, after = _lines(left), _lines(right)
    matcher = SequenceMatcher(
        None, [line.text for line in before], [line.text for line in after]
    )
    compared: list[ComparedPair | Gap] = []
    operations = matcher.get_opcodes()
    for place, (tag, i1, i2, j1, j2) in enumerate(operations):
        if tag == "equal":
            pairs = zip(before[i1:i2], after[j1:j2], strict=True)
            equal = [_equal(mine, theirs) for mine, theirs in pairs]
            is_first, is_last = place == 0, place == len(operations) - 1
            compared += _shortened(equal, is_first=is_first, is_last=is_last)
        else:
            compared += map(_pair, *_padded(before[i1:i2], after[j1:j2]))
    return tuple(compared)


def _lines(pages: Sequence[str]) -> list[_Line]:
    return [
        _Line(number, text)
        for number, page in enumerate(pages, 1)
        for line in page.splitlines()
        if (text := " ".join(line.split()))
    ]


def _padded(
    left: list[_Line], right: list[_Line]
) -> tuple[list[_Line | None], list[_Line | None]]:
    pairs = list(zip_longest(left, right))
    return [line for line, _ in pairs], [line for _, line in pairs]


def _equal(left: _Line, right: _Line) -> ComparedPair:
    return ComparedPair(
        Side(left.page, (ComparedPart(left.text),)),
        Side(right.page, (ComparedPart(right.text),)),
        is_equal=True,
    )


def _pair(left: _Line | None, right: _Line | None) -> ComparedPair:
    if left is None or right is None:
        return ComparedPair(_whole(left), _whole(right))
    mine, theirs = _WORD.findall(left.text), _WORD.findall(right.text)
    if len(mine) + len(theirs) > _MOST_WORDS:
        return ComparedPair(_whole(left), _whole(right))
    operations = SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes()
    return ComparedPair(
        Side(left.page, tuple(_parts(mine, ((o[0], o[1], o[2]) for o in operations)))),
        Side(
            right.page, tuple(_parts(theirs, ((o[0], o[3], o[4]) for o in operations)))
        ),
    )


def _whole(line: _Line | None) -> Side | None:
    if line is None:
        return None
    return Side(line.page, (ComparedPart(line.text, is_changed=True),))


def _parts(
    words: list[str], operations: Iterator[tuple[str, int, int]]
) -> Iterator[ComparedPart]:
    for tag, start, end in operations:
        if start < end:
            yield ComparedPart("".join(words[start:end]), is_changed=tag != "equal")


def _shortened(
    equal: list[ComparedPair], *, is_first: bool, is_last: bool
) -> Iterator[ComparedPair | Gap]:
    """Leave out the middle of equal lines; at an end of the text, the outer ones."""
    head = 0 if is_first else _AROUND
    tail = 0 if is_last else _AROUND
    left_out = len(equal) - head - tail
    if left_out <= 1 and not (is_first and is_last):
        yield from equal
        return
    yield from equal[:head]
    yield Gap(left_out)
    yield from equal[len(equal) - tail :]
