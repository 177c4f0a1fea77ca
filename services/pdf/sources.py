"""Hands a file over by its descriptor, without a name and only for reading."""

import io
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Protocol

# Larger ones go to an unnamed file on disk instead of into memory a second time.
_MAX_IN_MEMORY: Final = 4 * 1024 * 1024
_PIECE: Final = 1024 * 1024
HEADER_WITHIN: Final = 1024
_PICTURES: Final = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
}
_HEIC_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")
# The beginning of Word, Excel and PowerPoint files from before 2007.
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# By media type: the suffix of such files, and a part that only they have.
_OPEN_XML: Final = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT: Final = "application/vnd.oasis.opendocument"
OFFICE_TYPES: Final[dict[str, tuple[str, bytes]]] = {
    f"{_OPEN_XML}.wordprocessingml.document": (".docx", b"word/document.xml"),
    f"{_OPEN_XML}.spreadsheetml.sheet": (".xlsx", b"xl/workbook.xml"),
    f"{_OPEN_XML}.presentationml.presentation": (".pptx", b"ppt/presentation.xml"),
    f"{_OPEN_DOCUMENT}.text": (".odt", f"mimetype{_OPEN_DOCUMENT}.text".encode()),
    f"{_OPEN_DOCUMENT}.spreadsheet": (
        ".ods",
        f"mimetype{_OPEN_DOCUMENT}.spreadsheet".encode(),
    ),
    f"{_OPEN_DOCUMENT}.presentation": (
        ".odp",
        f"mimetype{_OPEN_DOCUMENT}.presentation".encode(),
    ),
    "application/rtf": (".rtf", b"{\\rtf"),
    "application/msword": (".doc", "WordDocument".encode("utf-16-le")),
    "application/vnd.ms-excel": (".xls", "Workbook".encode("utf-16-le")),
    "application/vnd.ms-powerpoint": (
        ".ppt",
        "PowerPoint Document".encode("utf-16-le"),
    ),
}
_OFFICE_PARTS: Final = (
    b"[Content_Types].xml",
    b"_rels/.rels",
    b"docProps/",
    b"mimetypeapplication/vnd.oasis.opendocument.",
)
# Google Docs and others begin an archive with its contents.
_OFFICE_FOLDERS: Final = (b"word/", b"xl/", b"ppt/")
_FIRST_NAME_AT: Final = 30
_PARTS_OF_MACROS: Final = (
    b"vbaProject.bin",
    b"Basic/script-lc.xml",
    "_VBA_PROJECT".encode("utf-16-le"),
)
_LONGEST_PART: Final = 128


class Readable(Protocol):
    """A file, or anything else that gives its bytes away in pieces."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, and none at the end."""


class Sized(Readable, Protocol):
    """Anything that gives its bytes away and has their number as `size`."""

    size: int


@contextmanager
def handed_over(source: Readable | int) -> Iterator[int]:
    """Yield the descriptor of a file that has all the source's bytes.

    A source with a descriptor of its own, or an io.BytesIO, is taken from its beginning
    and keeps its position; any other is read from its position to its end.
    """
    lent = _lent(source)
    try:
        yield lent
    finally:
        os.close(lent)


def pieces_of(source: Readable | int) -> Iterator[bytes | memoryview]:
    """Yield all the bytes that `handed_over` would provide, without copying them."""
    file = _descriptor(source)
    if isinstance(source, io.BytesIO):
        # The original bytes, not a copy of them as getbuffer() may return.
        held = memoryview(source.getvalue())
        for at in range(0, len(held), _PIECE):
            yield held[at : at + _PIECE]
    elif file is not None:
        at = 0
        while piece := os.pread(file, _PIECE, at):
            yield piece
            at += len(piece)
    elif not isinstance(source, int):
        while piece := source.read(_PIECE):
            yield piece


def copied_to_memory(source: Sized, *, at_most: int) -> int | None:
    """Return a descriptor of an immutable copy in memory, or None.

    The caller closes it. Nothing is read if the source is larger than `at_most`, or the
    system has no files in memory.
    """
    if source.size > at_most or not hasattr(os, "memfd_create"):
        return None
    with os.fdopen(os.memfd_create("pdf"), "w+b") as copy:
        for piece in pieces_of(source):
            copy.write(piece)
        copy.flush()
        return _read_only(copy.fileno())


def begins_like_a_pdf(file: int) -> bool:
    """Return whether the header is where every reader looks for it."""
    return b"%PDF-" in os.pread(file, HEADER_WITHIN, 0)


def picture_type(begin: bytes) -> str | None:
    """Return the media type of a picture with this beginning, if it is accepted."""
    for mark, media_type in _PICTURES.items():
        if begin.startswith(mark):
            return media_type
    is_heic = begin[4:8] == b"ftyp" and begin[8:12] in _HEIC_BRANDS
    return "image/heic" if is_heic else None


def begins_like_office(begin: bytes) -> bool:
    """Return whether a file with this beginning is from an office program."""
    if begin.startswith((_OLD_OFFICE, b"{\\rtf")):
        return True
    is_archive = begin.startswith(b"PK\x03\x04")
    return is_archive and (
        begin.startswith(_OFFICE_FOLDERS, _FIRST_NAME_AT)
        or any(part in begin for part in _OFFICE_PARTS)
    )


def office_type(source: Readable | int) -> str | None:
    """Return the media type of an office file, if its kind is known.

    None for files locked with a password, whose kind is not visible.
    """
    for seen in _overlapping(source):
        for media_type, (_, part) in OFFICE_TYPES.items():
            if part in seen:
                return media_type
    return None


def has_macros(source: Readable | int) -> bool:
    """Return whether an office file has macros, by the parts that contain them."""
    return any(
        part in seen for seen in _overlapping(source) for part in _PARTS_OF_MACROS
    )


def _overlapping(source: Readable | int) -> Iterator[bytes]:
    """Yield the bytes in overlapping pieces, so that no part's name is cut in two."""
    before = b""
    for piece in pieces_of(source):
        seen = before + bytes(piece)
        yield seen
        before = seen[-_LONGEST_PART:]


def _lent(source: Readable | int) -> int:
    file = _descriptor(source)
    if file is not None:
        # Systems other than Linux make a copy.
        with suppress(OSError):
            return _read_only(file)
    return _copied(pieces_of(source), size=_size_of(source, file))


def _read_only(file: int) -> int:
    """Open a file again, so that it cannot be changed and its position stays."""
    return os.open(f"/proc/self/fd/{file}", os.O_RDONLY | os.O_CLOEXEC)


def _descriptor(source: Readable | int) -> int | None:
    if isinstance(source, int):
        return source
    if isinstance(source, io.IOBase | tempfile.SpooledTemporaryFile):
        with suppress(io.UnsupportedOperation):
            file = source.fileno()
            # What was written may not have been flushed to the file yet.
            source.flush()
            return file
    return None


def _size_of(source: Readable | int, file: int | None) -> int | None:
    if file is not None:
        return os.fstat(file).st_size
    if isinstance(source, io.BytesIO):
        return len(source.getvalue())
    return getattr(source, "size", None)


def _copied(pieces: Iterable[bytes | memoryview], *, size: int | None) -> int:
    with _unnamed(size) as copy:
        for piece in pieces:
            copy.write(piece)
        copy.flush()
        with suppress(OSError):
            return _read_only(copy.fileno())
        return os.dup(copy.fileno())


def _unnamed(size: int | None) -> io.BufferedRandom:
    if size is not None and size <= _MAX_IN_MEMORY and hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("pdf"), "w+b")
    return tempfile.TemporaryFile()
