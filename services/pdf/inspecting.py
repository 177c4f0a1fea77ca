"""Examines files that others made, renders their pages, and makes PDFs of pictures."""

import logging
import os
import tempfile
from collections.abc import Hashable, Iterable
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from services.core.errors import NotFound, ServiceError
from services.pdf import wire
from services.pdf.reading_process import ReadingProcess
from services.pdf.report import NotAPdf, PageWords, PdfReport, Unreadable
from services.pdf.sources import (
    HEADER_WITHIN,
    Readable,
    begins_like_a_pdf,
    handed_over,
    picture_type,
)
from services.pdf.turns import Busy, Turns
from services.pdf.wire import Refusal, Request, Task

__all__ = [
    "Busy",
    "NeedsPassword",
    "NoSuchPage",
    "NotAPdf",
    "PageWords",
    "PdfInspector",
    "PdfReport",
    "Unreadable",
]

# Each file may take a processor of its own, and much memory, for a while.
_AT_ONCE: Final = max(2, os.cpu_count() or 1)
_MAX_MB: Final = 1024
_MAX_WIDTH: Final = 5000
_RECOGNISING: Final = f"{__package__}.recognising"
# 200 dots per inch on A4: more takes longer and is recognised no better.
_RECOGNISED_WIDTH: Final = 1654
# For a page with very much on it. Most of the memory is that of the working models.
_RECOGNISE_SECONDS: Final = 120.0
_RECOGNISE_MB: Final = 4096
_PDF: Final = b"%PDF-"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_SENTENCES: Final = {
    Refusal.DAMAGED: "This PDF is damaged: none of its pages can be opened. "
    "Save or print it to a PDF anew and choose that file.",
    Refusal.MANY_PAGES: "This PDF has more than 10,000 pages; split it into parts.",
    Refusal.LARGE_PAGE: "This page is too large to be shown; download the file.",
    Refusal.TOO_MUCH: "This PDF takes more memory to read than any document should. "
    "Save or print it to a PDF anew and choose that file.",
    Refusal.BROKEN_PICTURE: "This picture is damaged, or of a kind that is not read "
    "here. Open it where it is from, save it as JPEG or PDF, and choose that file.",
    Refusal.LARGE_PICTURE: "This picture has more than 72 million pixels. Make it "
    "smaller, or scan the paper at 300 dpi, and choose that file.",
    Refusal.COSTLY_PICTURE: "This picture takes more memory to read than any page "
    "should. Make it smaller, or scan the paper at 300 dpi, and choose that file.",
    Refusal.MANY_PICTURES: "This file has more pictures than become one document: 200 "
    "at most. Split it into parts.",
}
_NO_PICTURE: Final = (
    "This picture cannot be read: it breaks the reader, or takes it too long. "
    "Save it as JPEG or PDF where it is from, and choose that file."
)
_NO_ANSWER: Final = (
    "This PDF cannot be read: it breaks the reader, or takes it too long. "
    "Save or print it to a PDF anew and choose that file."
)
# Whatever a file may have made of its reader, nothing of another form gets out of it.
_REPORT: Final = TypeAdapter(PdfReport)
_PAGES: Final = TypeAdapter(tuple[str, ...])
_WORDS: Final = TypeAdapter(PageWords)
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class NeedsPassword(Unreadable):
    """The file's author locked it; nobody here knows the password."""

    def __init__(self) -> None:
        super().__init__(
            "This PDF needs its own password; download it and open it with that."
        )


class NoSuchPage(NotFound):
    """The file has fewer pages."""

    def __init__(self) -> None:
        super().__init__("This document has no such page.")


class PdfInspector:
    """Reads PDFs in a separate process, which may crash and is then restarted.

    A source is an open file, a descriptor, an io.BytesIO, or anything with a `read`
    (see services.pdf.sources), and `person` is whoever asks: turns are shared among
    people (see services.pdf.turns). Nothing is started before the first file. For use
    by any number of threads. `reads_scans` is whether text in pictures is recognised in
    the background.
    """

    def __init__(self, *, seconds: float = 20, reads_scans: bool = True) -> None:
        self.reads_scans = reads_scans
        self._seconds = seconds
        self._process = ReadingProcess()
        self._turns = Turns(_AT_ONCE)
        self._recognising = ReadingProcess(_RECOGNISING)
        self._pictures = Turns(1)

    def examine(self, source: Readable | int, *, person: Hashable = None) -> PdfReport:
        """Return what the file is. Raises NotAPdf, Unreadable or Busy."""
        answer = self._ask(self._request("examine"), source, person)
        return _understood(_REPORT, answer)

    def render(
        self,
        source: Readable | int,
        page: int,
        *,
        width: int,
        person: Hashable = None,
    ) -> bytes:
        """Return a page as PNG, `width` pixels wide; the first page is page 1.

        Pages much longer than wide become narrower. Raises NoSuchPage, NeedsPassword,
        NotAPdf, Unreadable or Busy.
        """
        request = self._request("render", page=page, width=min(width, _MAX_WIDTH))
        picture = self._ask(request, source, person)
        if not picture.startswith(_PNG):
            raise Unreadable(_NO_ANSWER)
        return picture

    def convert(self, source: Readable | int, *, person: Hashable = None) -> bytes:
        """Return a PDF of a picture, or of all pages of a TIFF.

        Pictures are JPEG, PNG, TIFF, and HEIC if its reader is installed. Their
        metadata (place, camera) is not in the PDF. Raises NotAPdf, Unreadable or Busy.
        """
        with handed_over(source) as file:
            if picture_type(os.pread(file, HEADER_WITHIN, 0)) is None:
                raise NotAPdf
            answer = self._answer(self._request("convert"), file, person)
        if answer is None:
            raise Unreadable(_NO_PICTURE)
        pdf = _accepted(answer)
        if not pdf.startswith(_PDF):
            raise Unreadable(_NO_PICTURE)
        return pdf

    def join(self, files: Iterable[bytes], *, person: Hashable = None) -> bytes:
        """Return one PDF with the pages of all files in order, to print.

        Raises NeedsPassword if any of them is locked, Unreadable or Busy.
        """
        with tempfile.TemporaryFile() as whole:
            for content in files:
                whole.write(wire.LENGTH.pack(len(content)))
                whole.write(content)
            whole.flush()
            with handed_over(whole) as file:
                answer = self._answer(self._request("join"), file, person)
        pdf = _accepted(answer)
        if not pdf.startswith(_PDF):
            raise Unreadable(_NO_ANSWER)
        return pdf

    def text(
        self, source: Readable | int, *, person: Hashable = None
    ) -> tuple[str, ...]:
        """Return the text page by page; raises what `render` does."""
        return _understood(_PAGES, self._ask(self._request("text"), source, person))

    def words(
        self, source: Readable | int, page: int, *, person: Hashable = None
    ) -> PageWords:
        """Return a page's words and where `render` draws them; raises what it does."""
        request = self._request("words", page=page)
        return _understood(_WORDS, self._ask(request, source, person))

    def recognise(self, source: Readable | int, page: int) -> PageWords:
        """Return the words in the picture of a page; raises what `render` does.

        It takes seconds of processor time: for the background, one page at a time.
        """
        request = Request(
            "recognise", _RECOGNISE_SECONDS, _RECOGNISE_MB, page, _RECOGNISED_WIDTH
        )
        with handed_over(source) as file:
            if not begins_like_a_pdf(file):
                raise NotAPdf
            with self._pictures.taken(None, os.fstat(file).st_size, request.seconds):
                answer = self._recognising.ask(request, file)
        return _understood(_WORDS, _accepted(answer))

    def _request(self, do: Task, *, page: int = 0, width: int = 0) -> Request:
        return Request(do, self._seconds, _MAX_MB, page, width)

    def _ask(self, request: Request, source: Readable | int, person: Hashable) -> bytes:
        with handed_over(source) as file:
            if not begins_like_a_pdf(file):
                raise NotAPdf
            answer = self._answer(request, file, person)
        return _accepted(answer)

    def _answer(self, request: Request, file: int, person: Hashable) -> bytes | None:
        with self._turns.taken(person, os.fstat(file).st_size, self._seconds):
            return self._process.ask(request, file)

    def end_recognising(self) -> None:
        """Release the memory of the models, if any are loaded."""
        self._recognising.close()

    def close(self) -> None:
        """End the processes, if there are any; they would be restarted on use."""
        self._process.close()
        self.end_recognising()


def _accepted(answer: bytes | None) -> bytes:
    """Return the reader's result, or raise its refusal."""
    if answer is None:
        _log.warning("A PDF crashed its reader or took too long to read.")
        raise Unreadable(_NO_ANSWER)
    kind, content = answer[:1], answer[1 : -len(wire.END)]
    if kind == wire.DONE:
        return content
    raise _refusal(content)


def _refusal(content: bytes) -> ServiceError:
    try:
        refusal = Refusal(content.decode())
    except ValueError:
        # Only a reader that a file has taken over sends anything else.
        return Unreadable(_NO_ANSWER)
    match refusal:
        case Refusal.PASSWORD:
            return NeedsPassword()
        case Refusal.NO_SUCH_PAGE:
            return NoSuchPage()
    return Unreadable(_SENTENCES[refusal])


def _understood(kind: TypeAdapter[_T], answer: bytes) -> _T:
    try:
        return kind.validate_json(answer)
    except ValidationError:
        raise Unreadable(_NO_ANSWER) from None
