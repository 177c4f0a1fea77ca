"""Walks through a PDF's objects, however they are packed, spelt and nested."""

import io
import re
import time
from collections.abc import Iterator
from typing import Final

import pikepdf
from pikepdf import StreamDecodeLevel, settings

from services.pdf.findings import actions
from services.pdf.findings.file_bytes import TEST_VIRUS
from services.pdf.report import Finding

# As qpdf writes a name, it has only one spelling, however the file spells it.
_MARKS: Final = re.compile(
    rb"/(?:AA|Annots|EF|FontMatrix|GoTo[ER]|ImportData|JS|JavaScript|Launch|MCD|Movie"
    rb"|OnInstantiate|OpenAction|SubmitForm|Thread|URI|XFA)(?![^\s/<>\[\]()])"
)
# Filters that restore the original bytes; all others are for pictures.
_PACKINGS: Final = frozenset(
    {
        *("/FlateDecode", "/LZWDecode", "/ASCII85Decode", "/ASCIIHexDecode"),
        *("/RunLengthDecode", "/Fl", "/LZW", "/A85", "/AHx", "/RL"),
    }
)
_MOST_UNPACKED: Final = 64 * 1024 * 1024
# A PDF in a PDF in a PDF: anybody who gets further has opened two files by then.
_DEEPEST: Final = 2
_HEADER_WITHIN: Final = 1024
# Everything that a broken object makes qpdf raise.
_BROKEN: Final = (pikepdf.PikepdfError, RuntimeError, ValueError, TypeError)
_UNREADABLE: Final = (*_BROKEN, MemoryError)


def find_in_objects(pdf: pikepdf.Pdf, *, until: float) -> set[Finding]:
    """Return what is in the objects and, until that time, in their streams.

    For a separate process: limits what qpdf unpacks in all of it.
    """
    settings.set_qpdf_limits(
        flate_max_memory=_MOST_UNPACKED,
        png_max_memory=_MOST_UNPACKED,
        run_length_max_memory=_MOST_UNPACKED,
        tiff_max_memory=_MOST_UNPACKED,
    )
    return set(_in_file(pdf, until, depth=0))


def has_double_keys(pdf: pikepdf.Pdf) -> bool:
    """Return whether a dictionary that was read has a key twice.

    One reader uses the first, another the last.
    """
    return any("duplicated key" in str(warning) for warning in pdf.get_warnings())


def _in_file(pdf: pikepdf.Pdf, until: float, depth: int) -> Iterator[Finding]:
    for thing in pdf.objects:
        # Numbers and the like arrive as Python's own types.
        if not isinstance(thing, pikepdf.Object):
            continue
        try:
            yield from _in_object(thing, until, depth)
        except _BROKEN:
            # A broken object hides none of the others.
            yield "damaged"


def _in_object(thing: pikepdf.Object, until: float, depth: int) -> Iterator[Finding]:
    written = _written(thing)
    if TEST_VIRUS in written:
        yield "eicar"
    if _MARKS.search(written):
        yield from _inside(thing)
    if isinstance(thing, pikepdf.Stream):
        yield from actions.of_stream(thing.stream_dict)
        if time.monotonic() < until:
            yield from _in_stream(thing, until, depth)


def _written(thing: pikepdf.Object) -> bytes:
    if isinstance(thing, pikepdf.Stream):
        return thing.stream_dict.unparse()
    return thing.unparse(resolved=True)


def _inside(thing: pikepdf.Object) -> Iterator[Finding]:
    """Look closely, because a mark may also be part of a text."""
    waiting = [thing.stream_dict if isinstance(thing, pikepdf.Stream) else thing]
    while waiting:
        part = waiting.pop()
        if isinstance(part, pikepdf.Dictionary):
            facts = dict(part.items())
            yield from actions.of_dictionary(facts)
            waiting += [value for value in facts.values() if _is_inner(value)]
        elif isinstance(part, pikepdf.Array):
            waiting += [value for value in part if _is_inner(value)]
        elif isinstance(part, pikepdf.Name):
            # An action may refer to an object of its own for its kind.
            yield from actions.of_name(part)


def _is_inner(value: object) -> bool:
    return (
        isinstance(value, pikepdf.Dictionary | pikepdf.Array) and not value.is_indirect
    )


def _in_stream(stream: pikepdf.Stream, until: float, depth: int) -> Iterator[Finding]:
    content = _unpacked(stream)
    if TEST_VIRUS in content:
        yield "eicar"
    if depth < _DEEPEST and b"%PDF-" in content[:_HEADER_WITHIN]:
        try:
            with pikepdf.open(io.BytesIO(content)) as inner:
                yield from list(_in_file(inner, until, depth + 1))
        except _UNREADABLE:
            # It is reported as a file inside already.
            return


def _unpacked(stream: pikepdf.Stream) -> bytes:
    """Return the bytes of a stream; none for a picture, or beyond the limits."""
    try:
        packed = stream.stream_dict.get("/Filter", pikepdf.Array())
        names = packed if isinstance(packed, pikepdf.Array) else [packed]
        if not _PACKINGS.issuperset(map(str, names)):
            return b""
        return stream.read_bytes(StreamDecodeLevel.specialized)
    except _UNREADABLE:
        return b""
