"""Looks through a PDF's objects for what might act on its reader's machine."""

import mmap
import re
from collections.abc import Iterator
from typing import Final

import pikepdf

SCRIPTS: Final = "scripts"
LAUNCH: Final = "launch"
ATTACHMENTS: Final = "attachments"
ENCRYPTED: Final = "encrypted"
DAMAGED: Final = "damaged"

# Written out by qpdf, a name has one spelling only, however the file spells it.
_MARKS: Final = re.compile(rb"/(?:JS|JavaScript|Launch|EF|XFA)(?![^\s/<>\[\]()])")
_SIGNS: Final = {
    b"/JavaScript": SCRIPTS,
    b"/Launch": LAUNCH,
    b"/EmbeddedFile": ATTACHMENTS,
}
_ACTIONS: Final = {"/JavaScript": SCRIPTS, "/Launch": LAUNCH}


def find(pdf: pikepdf.Pdf) -> set[str]:
    """Return which of scripts, launch actions and attached files are in there."""
    findings: set[str] = set()
    for thing in pdf.objects:
        # Numbers and the like arrive as Python's own.
        if isinstance(thing, pikepdf.Object) and _MARKS.search(_written(thing)):
            findings.update(_inside(thing))
    return findings


def guess(content: mmap.mmap) -> set[str]:
    """Return what the bytes of a file that cannot be walked through look like."""
    return {finding for sign, finding in _SIGNS.items() if content.find(sign) >= 0}


def _written(thing: pikepdf.Object) -> bytes:
    if isinstance(thing, pikepdf.Stream):
        return thing.stream_dict.unparse()
    return thing.unparse(resolved=True)


def _inside(thing: pikepdf.Object) -> Iterator[str]:
    """Look closely, for a mark may also be a word in a text."""
    waiting = [thing.stream_dict if isinstance(thing, pikepdf.Stream) else thing]
    while waiting:
        part = waiting.pop()
        if isinstance(part, pikepdf.Dictionary):
            yield from _in_dictionary(part)
            waiting += [value for _, value in part.items() if _is_inner(value)]
        elif isinstance(part, pikepdf.Array):
            waiting += [value for value in part if _is_inner(value)]
        elif isinstance(part, pikepdf.Name):
            # An action may name its kind by way of an object of its own.
            yield from filter(None, [_ACTIONS.get(str(part))])


def _is_inner(value: object) -> bool:
    return (
        isinstance(value, pikepdf.Dictionary | pikepdf.Array) and not value.is_indirect
    )


def _in_dictionary(part: pikepdf.Dictionary) -> Iterator[str]:
    kind = part.get("/S")
    if isinstance(kind, pikepdf.Name) and str(kind) in _ACTIONS:
        yield _ACTIONS[str(kind)]
    if "/JS" in part and kind is not None:
        yield SCRIPTS
    if isinstance(part.get("/JavaScript"), pikepdf.Dictionary):
        yield SCRIPTS
    embedded = part.get("/EF")
    if isinstance(embedded, pikepdf.Dictionary) and len(embedded):
        yield ATTACHMENTS
    if "/XFA" in part and any(b"<script" in form for form in _forms(part["/XFA"])):
        yield SCRIPTS


def _forms(xfa: object) -> Iterator[bytes]:
    """Yield the XML of a form of the other kind, which may hold scripts of its own."""
    for form in xfa if isinstance(xfa, pikepdf.Array) else [xfa]:
        if isinstance(form, pikepdf.Stream):
            yield form.read_bytes()
