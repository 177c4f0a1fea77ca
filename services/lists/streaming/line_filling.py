"""Rows as COPY sends them, put into the templates of their shapes.

Thousands at a time and column by column, by Arrow: turning each row into Python objects
takes far longer than finding it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv
from sqlalchemy import Boolean, DateTime, String

from services.lists.streaming.line_fields import (
    LineField,
    LineFieldKind,
    Template,
    TemplateOf,
)
from services.lists.streaming.line_pieces import LinePiece

# An Arrow column, which has no types for mypy: of bytes, some of them missing.
Column = Any
_NULL: Final = "\\N"
# The lines of this many rows are still in the processor's cache when they are packed.
_ROWS_AT_ONCE: Final = 2_000
# At the beginning, Arrow does not take one as part of the data.
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPES: Final = {
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
}
# What COPY writes differently from JSON, apart from quotes.
_ODD: Final = r"[\x00-\x1f]|\\v"
_BOOLEANS: Final = {b"t": True, b"f": False}
_LINE_END: Final = ord("\n")
_QUOTE, _BACKSLASH, _FIRST_PRINTABLE = ord('"'), ord("\\"), ord(" ")
_MIDNIGHT: Final = np.frombuffer(b"0000-00-00T00:00:00.000000+00:00", np.uint8)
_DAY, _SECONDS, _FRACTION = (
    len("2026-11-20"),
    len("2026-11-20 12:00:00"),
    len(".000000"),
)
_ZONES: Final = (len("+00"), len("+00:00"))
_ZONE: Final = len("+00:00")
_SIGNS: Final = np.frombuffer(b"+-", np.uint8)
_MOST_SHAPES: Final = 2**62


class LinesMissing(Exception):
    """A row has produced no line, or only part of one."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a shape may say about a field, and which of those values each row has."""

    may_be: Sequence[Any]
    places: NDArray[Any]


class LineFiller:
    """Makes the lines of rows that have these fields, in their order.

    The template of a shape is built when a row first has it, and kept.
    """

    def __init__(self, fields: Sequence[LineField], template_of: TemplateOf) -> None:
        for field in fields:
            if field.kind is LineFieldKind.FACT and not isinstance(
                field.column.type, Boolean | String
            ):
                raise TypeError(f"{field.name} is no text, and nothing that holds.")
        self._fields = fields
        self._template_of = template_of
        self._known: dict[tuple[Any, ...], Sequence[Any]] = {}

    def fill(self, rows: bytes) -> Iterator[LinePiece]:
        """Yield the lines of whole rows, grouped by shape.

        Raises LinesMissing, or one of Arrow's errors.
        """
        columns = self._columns(rows)
        seen = list(map(_seen, self._fields, columns))
        places, shapes = np.unique(_numbered(seen), return_inverse=True)
        parts = [self._parts_of(_shape_at(seen, place)) for place in places.tolist()]
        order = np.argsort(shapes, kind="stable")
        ends = np.searchsorted(shapes[order], np.arange(len(parts)), side="right")
        printed = {part for each in parts for part in each if isinstance(part, int)}
        in_order = {
            part: self._as_printed(part, columns[part]).take(pa.array(order))
            for part in printed
        }
        begin = 0
        for each, end in zip(parts, ends.tolist(), strict=True):
            for first in range(begin, end, _ROWS_AT_ONCE):
                last = min(first + _ROWS_AT_ONCE, end)
                lines = _filled(each, in_order, first, last)
                yield LinePiece(lines, last - first)
            begin = end

    def _as_printed(self, position: int, column: Column) -> Column:
        return _escaped(column) if _is_text(self._fields[position]) else column

    def _columns(self, rows: bytes) -> list[Column]:
        columns = _read(rows, len(self._fields))
        return [
            _as_instants(column) if isinstance(field.column.type, DateTime) else column
            for field, column in zip(self._fields, columns, strict=True)
        ]

    def _parts_of(self, shape: tuple[Any, ...]) -> Sequence[Any]:
        if shape not in self._known:
            names = (field.name for field in self._fields)
            template = self._template_of(dict(zip(names, shape, strict=True)))
            self._known[shape] = self._taken_apart(template)
        return self._known[shape]

    def _taken_apart(self, template: Template) -> Sequence[Any]:
        """Return what is joined: Arrow's constants and the columns in between."""
        parts: list[Any] = []
        constant = b""
        for piece in template:
            if isinstance(piece, str):
                constant += piece.encode()
                continue
            quote = b'"' if _is_text(self._fields[piece]) else b""
            parts += (pa.scalar(constant + quote, pa.binary()), piece)
            constant = quote
        return (*parts, pa.scalar(constant + b"\n", pa.binary()))


def _read(rows: bytes, count: int) -> Sequence[Column]:
    """Return the columns of rows in COPY's text format; escapes stay as they are."""
    if rows.startswith(_BYTE_ORDER_MARK):
        rows = _BYTE_ORDER_MARK + rows
    names = list(map(str, range(count)))
    table = csv.read_csv(
        pa.BufferReader(rows),
        csv.ReadOptions(
            column_names=names, use_threads=False, block_size=len(rows) + 1
        ),
        csv.ParseOptions(
            delimiter="\t",
            quote_char=False,
            escape_char=False,
            ignore_empty_lines=False,
        ),
        csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.binary()),
            null_values=[_NULL],
            strings_can_be_null=True,
            check_utf8=False,
        ),
    )
    if table.num_rows != _count_ends(rows):
        raise LinesMissing
    return [column.combine_chunks() for column in table.columns]


def _count_ends(rows: bytes) -> int:
    """Return how many lines end there.

    `bytes.count` starts a new search after each one, which takes five times as long.
    """
    return int(np.count_nonzero(np.frombuffer(rows, np.uint8) == _LINE_END))


def _as_instants(column: Column) -> Column:
    """Return times in FHIR's format, which PostgreSQL does not use.

    `2026-11-20 12:00:00.25+00` becomes `2026-11-20T12:00:00.250000+00:00`: all have the
    same length, so they form the rows of a table of bytes. Raises LinesMissing.
    """
    if column.null_count == len(column):
        return column
    instants = np.zeros((len(column), len(_MIDNIGHT)), np.uint8)
    left = len(column) - column.null_count
    lengths = np.diff(_ends_of(column))
    for length in np.unique(lengths[lengths > 0]).tolist():
        is_it = lengths == length
        some = column if is_it.all() else column.filter(pa.array(is_it))
        written = _bytes_of(some).reshape(-1, length)
        rows = np.flatnonzero(is_it)
        for zone in _ZONES:
            fits = _fits(written, zone)
            if fits.all():
                instants[rows] = _by_iso_8601(written, zone)
            elif fits.any():
                instants[rows[fits]] = _by_iso_8601(written[fits], zone)
            left -= int(np.count_nonzero(fits))
    if left:
        raise LinesMissing
    every = np.arange(len(column) + 1, dtype=np.int32) * len(_MIDNIGHT)
    return pa.Array.from_buffers(
        pa.binary(),
        len(column),
        [_validity(column), pa.py_buffer(every), pa.py_buffer(instants)],
    )


def _fits(written: NDArray[Any], zone: int) -> NDArray[Any]:
    """Return which instants have a zone of so many characters, and nothing after it."""
    fraction = written.shape[1] - _SECONDS - zone
    if not 0 <= fraction <= _FRACTION:
        return np.zeros(len(written), np.bool)
    fits: NDArray[Any] = np.isin(written[:, -zone], _SIGNS)
    fits &= (written[:, _DAY] == ord(" ")) & (written[:, -1] <= ord("9"))
    return fits


def _by_iso_8601(written: NDArray[Any], zone: int) -> NDArray[Any]:
    end = written.shape[1] - zone
    instants = np.tile(_MIDNIGHT, (len(written), 1))
    instants[:, :_DAY] = written[:, :_DAY]
    instants[:, _DAY + 1 : end] = written[:, _DAY + 1 : end]
    begin = len(_MIDNIGHT) - _ZONE
    instants[:, begin : begin + zone] = written[:, end:]
    return instants


def _validity(column: Column) -> Any:
    """Return which values are present, in Arrow's bitmap; None if all are."""
    if not column.null_count:
        return None
    are_there = column.is_valid()
    return are_there.buffers()[1]


def _seen(field: LineField, column: Column) -> _Seen:
    match field.kind:
        case LineFieldKind.FACT:
            encoded = column.dictionary_encode()
            values = encoded.dictionary.to_pylist()
            facts = (_fact_of(field, value) for value in values)
            places = encoded.indices.fill_null(-1).to_numpy() + np.int64(1)
            return _Seen([None, *facts], places)
        case LineFieldKind.TEXT:
            # A missing value has the same length as an empty one.
            places = (np.diff(_ends_of(column)) == 0).astype(np.int64)
            return _Seen([field.kind, "", None], places + _are_missing(column))
        case kind:
            return _Seen([kind, None], _are_missing(column))


def _fact_of(field: LineField, value: bytes) -> Any:
    if isinstance(field.column.type, Boolean):
        return _BOOLEANS[value]
    return _plain(value).decode()


def _numbered(seen: Sequence[_Seen]) -> NDArray[Any]:
    """Return a number for the shape of each row, which `_shape_at` decodes."""
    if prod(len(each.may_be) for each in seen) > _MOST_SHAPES:
        raise LinesMissing
    numbers = np.zeros(len(seen[0].places), np.int64)
    for each in seen:
        numbers *= len(each.may_be)
        numbers += each.places
    return numbers


def _shape_at(seen: Sequence[_Seen], number: int) -> tuple[Any, ...]:
    shape = []
    for each in reversed(seen):
        number, place = divmod(number, len(each.may_be))
        shape.append(each.may_be[place])
    return tuple(reversed(shape))


def _filled(
    parts: Sequence[Any], columns: Mapping[int, Column], begin: int, end: int
) -> bytes | memoryview:
    """Return the lines of some rows that all have the same shape."""
    if len(parts) == 1:
        return bytes(parts[0].as_py()) * (end - begin)
    joined = pc.binary_join_element_wise(
        *(
            columns[part].slice(begin, end - begin) if isinstance(part, int) else part
            for part in parts
        ),
        b"",
    )
    if joined.null_count:
        raise LinesMissing
    return _bytes_of(joined).data


def _escaped(column: Column) -> Column:
    """Return texts as they appear in JSON, between its quotes.

    COPY escapes what JSON does and as JSON does, except for quotes and for some control
    characters, which are left to orjson.
    """
    data = _bytes_of(column)
    escaped = column
    if (data == _QUOTE).any():
        escaped = pc.replace_substring(column, b'"', b'\\"')
    if (data < _FIRST_PRINTABLE).any() or _has_vertical_tabs(data):
        is_odd = pc.match_substring_regex(column, _ODD)
        odd = [_in_json(text) for text in column.filter(is_odd).to_pylist()]
        fixed = pa.array(odd, pa.binary())
        escaped = pc.replace_with_mask(escaped, is_odd, fixed)
    return escaped


def _has_vertical_tabs(data: NDArray[Any]) -> bool:
    is_backslash = data[:-1] == _BACKSLASH
    return bool(is_backslash.any() and (is_backslash & (data[1:] == ord("v"))).any())


def _in_json(text: bytes) -> bytes:
    return orjson.dumps(_plain(text).decode())[1:-1]


def _plain(text: bytes) -> bytes:
    """Return a text with COPY's escapes resolved."""
    return _ESCAPED.sub(lambda escape: _ESCAPES.get(escape[1], escape[1]), text)


def _is_text(field: LineField) -> bool:
    return field.kind is LineFieldKind.TEXT


def _are_missing(column: Column) -> NDArray[Any]:
    missing: NDArray[Any] = column.is_null().to_numpy(zero_copy_only=False)
    return missing.astype(np.int64)


def _ends_of(column: Column) -> NDArray[Any]:
    """Return where each value begins in the column's bytes, and where the last ends."""
    return np.frombuffer(
        column.buffers()[1], np.int32, len(column) + 1, column.offset * 4
    )


def _bytes_of(column: Column) -> NDArray[Any]:
    """Return the bytes of all values, one after the other."""
    ends, data = _ends_of(column), column.buffers()[2]
    if data is None:
        return np.empty(0, np.uint8)
    return np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
