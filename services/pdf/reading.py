"""Reads one file; runs in a process that may crash and be killed, never in the app."""

import ctypes
import io
import itertools
import json
import math
import mmap
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any, Final

import pikepdf
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from services.pdf import findings, pictures
from services.pdf.report import Finding
from services.pdf.wire import LENGTH, Refusal, Refused, Request

MAX_PAGES: Final = 10_000
# Many times what a densely printed page has, and four million in all: several times the
# Bible.
_MAX_TEXT_OF_PAGE: Final = 100_000
_MAX_TEXT: Final = 4_000_000
# A page of a newspaper; the words beyond it are visible and searchable, but not
# selectable.
_MAX_WORDS_OF_PAGE: Final = 5_000
_MAX_WORD: Final = 200
# Positions on a page are fractions of its sides, with this precision.
_PARTS: Final = 10_000
# Shares of the time limit, so that a long file still gets its answer.
_TIME_FOR_TEXT: Final = 0.6
_TIME_FOR_STREAMS: Final = 0.2
_MAX_PIXELS: Final = 25_000_000
_MIN_WIDTH: Final = 100
# Rendered pages are viewed at once: speed matters more than size.
_PNG_LEVEL: Final = 3

# A hyphenation at the end of a line.
_PARTED: Final = re.compile("[\x02\xad\ufffe](?:\r?\n)?")
# What PostgreSQL or UTF-8 cannot hold, and what is invisible.
_NO_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# Of characters beyond the first 65,536, such as rare Chinese ones in names.
_FIRST_HALVES, _SECOND_HALVES = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
_UNTRANSLATED: Final = "\N{REPLACEMENT CHARACTER}"

# Between the parts of one word in two places.
_GOES_ON: Final = "\xad"
# Left, top, right and bottom.
_Box = tuple[float, float, float, float]

# Everything that a broken file makes qpdf raise.
_UNWALKABLE: Final = (pikepdf.PdfError, RuntimeError, ValueError, TypeError)
_NEEDS_A_PASSWORD: Final = frozenset(
    {pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY}
)


def answer(request: Request, file: int) -> bytes:
    """Process the request for the open file, or raise Refused."""
    try:
        if request.do == "examine":
            return json.dumps(_examine(file, request.seconds)).encode()
        if request.do == "convert":
            return pictures.as_pdf(file, request.seconds)
        if request.do == "join":
            return _joined(file)
        pdf, _ = _opened(file)
        with closing(pdf):
            if request.do == "text":
                text = [page or "" for page in _read(pdf, request.seconds)]
                return json.dumps(text).encode()
            if request.do == "words":
                return json.dumps(_words_of(pdf, request.page)).encode()
            return _render(pdf, request.page, request.width)
    except (MemoryError, RecursionError):
        is_picture = request.do == "convert"
        raise Refused(
            Refusal.COSTLY_PICTURE if is_picture else Refusal.TOO_MUCH
        ) from None


def _joined(file: int) -> bytes:
    """Return one PDF of all pages of the files, each preceded by its length.

    Nothing else of the files comes with the pages, such as actions on opening one.
    """
    written = io.BytesIO()
    with ExitStack() as parts, pikepdf.new() as whole:
        try:
            for content in _parts(file):
                # Its streams are read when the whole is written.
                part = parts.enter_context(pikepdf.open(io.BytesIO(content)))
                whole.pages.extend(part.pages)
                if len(whole.pages) > MAX_PAGES:
                    raise Refused(Refusal.MANY_PAGES)
            whole.save(written, deterministic_id=True)
        except pikepdf.PasswordError:
            raise Refused(Refusal.PASSWORD) from None
        except _UNWALKABLE:
            raise Refused(Refusal.DAMAGED) from None
    return written.getvalue()


def _parts(file: int) -> Iterator[bytes]:
    with os.fdopen(file, "rb", closefd=False) as source:
        while length := source.read(LENGTH.size):
            yield source.read(LENGTH.unpack(length)[0])


def _opened(file: int) -> tuple[pdfium.PdfDocument, bool]:
    """Return the file to draw and read from, and whether it had to be repaired."""
    view = _mapped(file)
    try:
        pdf = pdfium.PdfDocument((ctypes.c_ubyte * len(view)).from_buffer(view))
        is_mended = False
    except pdfium.PdfiumError as error:
        if error.err_code in _NEEDS_A_PASSWORD:
            raise Refused(Refusal.PASSWORD) from None
        pdf = _mended(file)
        is_mended = True
    if len(pdf) > MAX_PAGES:
        raise Refused(Refusal.MANY_PAGES)
    return pdf, is_mended


def _mended(file: int) -> pdfium.PdfDocument:
    """Open the file as repaired by qpdf, which repairs more."""
    mended = io.BytesIO()
    try:
        with _walkable(file, attempt_recovery=True) as pdf:
            pdf.save(mended)
        return pdfium.PdfDocument(mended.getvalue())
    except (*_UNWALKABLE, pdfium.PdfiumError):
        raise Refused(Refusal.DAMAGED) from None


def _examine(file: int, seconds: float) -> dict[str, Any]:
    content = _mapped(file)
    file_findings = findings.find_in_bytes(content)
    try:
        pdf, is_mended = _opened(file)
    except Refused as refused:
        if refused.refusal is not Refusal.PASSWORD:
            raise
        # Its strings and streams are locked, but mostly not the names of its actions.
        file_findings |= {"encrypted", *findings.guess(content)}
        return {"pages": None, "findings": sorted(file_findings), "text": []}
    with closing(pdf):
        pages = _read(pdf, seconds)
        if all(page is None for page in pages):
            raise Refused(Refusal.DAMAGED)
        file_findings |= _inside(file, content, seconds)
        if is_mended or None in pages:
            file_findings.add("damaged")
        text = [page or "" for page in pages]
        return {"pages": len(pdf), "findings": sorted(file_findings), "text": text}


def _inside(file: int, content: mmap.mmap, seconds: float) -> set[Finding]:
    """Return the findings inside the file, from a second, independent reader."""
    until = time.monotonic() + seconds * _TIME_FOR_STREAMS
    file_findings: set[Finding] = set()
    for attempt_recovery in (False, True):
        try:
            seen = _walked(file, content, until, attempt_recovery=attempt_recovery)
        except _UNWALKABLE:
            file_findings.add("damaged")
            continue
        file_findings |= seen
        if "damaged" not in seen:
            return file_findings
    # One reader opens it, but the other not all of it: nobody knows what else is there.
    return file_findings | findings.guess(content)


def _walked(
    file: int, content: mmap.mmap, until: float, *, attempt_recovery: bool
) -> set[Finding]:
    with _walkable(file, attempt_recovery=attempt_recovery) as pdf:
        pdf_findings = findings.find_in_objects(pdf, until=until)
        # Other readers may see other objects than this one.
        if findings.has_double_keys(pdf) or findings.has_late_objects(content):
            pdf_findings |= findings.guess(content)
        return pdf_findings


def _walkable(file: int, *, attempt_recovery: bool) -> pikepdf.Pdf:
    return pikepdf.open(
        os.fdopen(file, "rb", buffering=0, closefd=False),
        attempt_recovery=attempt_recovery,
        inherit_page_attributes=False,
        access_mode=pikepdf.AccessMode.mmap,
    )


def _read(pdf: pdfium.PdfDocument, seconds: float) -> list[str | None]:
    """Return the text of each page, None for a page that does not open.

    Ends early when there is too much text, or when it takes too long.
    """
    until = time.monotonic() + seconds * _TIME_FOR_TEXT
    pages: list[str | None] = []
    left = _MAX_TEXT
    for index in range(len(pdf)):
        try:
            page = _text_of(pdf, index)[:left]
        except pdfium.PdfiumError:
            pages.append(None)
            continue
        pages.append(page)
        left -= len(page)
        if left <= 0 or time.monotonic() > until:
            break
    return pages


def _text_of(pdf: pdfium.PdfDocument, index: int) -> str:
    with closing(pdf[index]) as page, closing(page.get_textpage()) as text:
        count = min(text.count_chars(), _MAX_TEXT_OF_PAGE)
        raw = text.get_text_range(0, count) if count > 0 else ""
    return _NO_TEXT.sub("", _PARTED.sub("", raw))


def _words_of(pdf: pdfium.PdfDocument, number: int) -> dict[str, Any]:
    """Return a page's words in the order of the file, and where each is drawn."""
    with closing(_page(pdf, number)) as page, closing(page.get_textpage()) as text:
        width, height = page.get_size()
        if not (width > 0 and height > 0):
            raise Refused(Refusal.LARGE_PAGE)
        words = list(itertools.islice(_words(page, text), _MAX_WORDS_OF_PAGE))
    return {"width": width, "height": height, "words": words}


def _words(
    page: pdfium.PdfPage, text: pdfium.PdfTextPage
) -> Iterator[tuple[str, float, float, float, float, str]]:
    """Yield each word, its box, and what separates it from the next one."""
    letters: list[str] = []
    boxes: list[_Box] = []
    ended: tuple[str, list[_Box]] | None = None
    after = ""
    for index in range(min(text.count_chars(), _MAX_TEXT_OF_PAGE)):
        sign = _sign(text, index)
        is_parting = bool(_PARTED.match(sign))
        if letters and (is_parting or sign.isspace() or len(letters) >= _MAX_WORD):
            if ended is not None:
                yield _word(*ended, after)
            ended, after = ("".join(letters), boxes), ""
            letters, boxes = [], []
        if is_parting:
            after = _GOES_ON
        elif sign.isspace():
            if after != _GOES_ON:
                after = "\n" if sign in "\r\n" or after == "\n" else " "
        elif not _NO_TEXT.match(sign) and (box := _box(page, text, index)):
            letters.append(sign)
            boxes.append(box)
    if ended is not None:
        yield _word(*ended, after)
    if letters:
        yield _word("".join(letters), boxes, "\n")


def _sign(text: pdfium.PdfTextPage, index: int) -> str:
    """Return a character of a page; one of two halves is returned with the first."""
    code = pdfium_c.FPDFText_GetUnicode(text, index)
    if code in _FIRST_HALVES:
        second = pdfium_c.FPDFText_GetUnicode(text, index + 1)
        if second in _SECOND_HALVES:
            halves = (code - _FIRST_HALVES.start) << 10 | second - _SECOND_HALVES.start
            return chr(0x10000 + halves)
    # For a code that it cannot translate, pdfium returns the code itself.
    return chr(code) if code <= sys.maxunicode else _UNTRANSLATED


def _word(
    letters: str, boxes: list[_Box], after: str
) -> tuple[str, float, float, float, float, str]:
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
    between = "" if after == _GOES_ON else after
    return letters, left, top, right - left, bottom - top, between


def _box(page: pdfium.PdfPage, text: pdfium.PdfTextPage, index: int) -> _Box | None:
    """Return the box of a letter on the page as drawn; None if it has none."""
    box = pdfium_c.FS_RECTF()
    if not pdfium_c.FPDFText_GetLooseCharBox(text, index, box):
        return None
    corner, opposite = (
        _drawn_at(page, box.left, box.top),
        _drawn_at(page, box.right, box.bottom),
    )
    across, down = sorted((corner[0], opposite[0])), sorted((corner[1], opposite[1]))
    return across[0], down[0], across[1], down[1]


def _drawn_at(page: pdfium.PdfPage, across: float, up: float) -> tuple[float, float]:
    """Return where a point of the file is drawn, in fractions of the visible page."""
    x, y = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDF_PageToDevice(page, 0, 0, _PARTS, _PARTS, 0, across, up, x, y)
    return _part(x.value), _part(y.value)


def _part(parts: int) -> float:
    return min(max(parts, 0), _PARTS) / _PARTS


def _page(pdf: pdfium.PdfDocument, number: int) -> pdfium.PdfPage:
    if not 1 <= number <= len(pdf):
        raise Refused(Refusal.NO_SUCH_PAGE)
    # Draws what was typed into forms. Scripts cannot run: this pdfium has no engine.
    pdf.init_forms()
    try:
        return pdf[number - 1]
    except pdfium.PdfiumError:
        raise Refused(Refusal.DAMAGED) from None


def draw(file: int, number: int, width: int) -> tuple[Image.Image, float, float]:
    """Return a page of the open file as a picture, and its size in points.

    Raises Refused.
    """
    pdf, _ = _opened(file)
    with closing(pdf):
        return _drawn(pdf, number, width)


def _drawn(
    pdf: pdfium.PdfDocument, number: int, width: int
) -> tuple[Image.Image, float, float]:
    page = _page(pdf, number)
    page_width, page_height = page.get_size()
    scale = _scale(page_width, page_height, width)
    return page.render(scale=scale).to_pil(), page_width, page_height


def _render(pdf: pdfium.PdfDocument, number: int, width: int) -> bytes:
    picture = _plainest(_drawn(pdf, number, width)[0])
    written = io.BytesIO()
    picture.save(written, "PNG", compress_level=_PNG_LEVEL)
    return written.getvalue()


def _plainest(picture: Image.Image) -> Image.Image:
    """Return a picture without colours in grey: it is three times as fast to write."""
    if picture.mode != "RGB":
        return picture
    red, *others = picture.split()
    grey = red.tobytes()
    return red if all(other.tobytes() == grey for other in others) else picture


def _scale(page_width: float, page_height: float, width: int) -> float:
    """Return the scale to draw at; a page much longer than wide becomes narrower."""
    if not (page_width > 0 and page_height > 0):
        raise Refused(Refusal.LARGE_PAGE)
    fitting = math.sqrt(_MAX_PIXELS / page_width / page_height)
    scale = min(width / page_width, fitting)
    if scale * page_width < min(_MIN_WIDTH, width) or scale * page_height < 1:
        raise Refused(Refusal.LARGE_PAGE)
    return scale


def _mapped(file: int) -> mmap.mmap:
    # Changes would stay in memory: pdfium needs a writable address of the bytes.
    return mmap.mmap(file, 0, access=mmap.ACCESS_COPY)
