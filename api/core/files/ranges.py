"""Range requests: which part is asked for, and whether it is known (RFC 9110)."""

import re
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers

# If several ranges are asked for, the whole is sent instead, as any server may.
_ONE_RANGE: Final = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.I)
_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `start` up to, but not including, `stop` of a file of `size`."""

    start: int
    stop: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes the part has."""
        return self.stop - self.start

    @property
    def content_range(self) -> str:
        """The span in the form of a Content-Range header."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


class Unsatisfiable(Exception):
    """The file ends before the range that is asked for."""


def is_known(headers: Headers, tag: str) -> bool:
    """Return whether the client states that it has the file with this tag."""
    return names_tag(headers.get("if-none-match", ""), tag)


def names_tag(header: str, tag: str) -> bool:
    """Return whether an If-None-Match names the tag; proxies may have weakened it."""
    return header.strip() == "*" or tag in _TAG.findall(header)


def span_of(headers: Headers, tag: str, size: int) -> Span | None:
    """Return the span asked for; None for the whole; raises Unsatisfiable."""
    # A part of another file would not fit the parts that the client has.
    if headers.get("if-range", tag) != tag:
        return None
    match = _ONE_RANGE.fullmatch(headers.get("range", ""))
    if match is None:
        return None
    first, last = match.groups()
    if not first:
        return _suffix(last, size)
    start, stop = int(first), min(int(last or size), size - 1) + 1
    if last and int(last) < int(first):
        return None
    if start >= size:
        raise Unsatisfiable
    return Span(start, stop, size)


def _suffix(length: str, size: int) -> Span | None:
    if not length:
        return None
    if int(length) == 0:
        raise Unsatisfiable
    return Span(max(0, size - int(length)), size, size)
