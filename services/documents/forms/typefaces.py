"""Fonts inside one document, and the text that their glyphs map back to."""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final, cast
from unicodedata import normalize

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fontTools.ttLib.tables._g_l_y_f import (  # type: ignore[import-untyped]
    Glyph as Outline,
)
from fpdf import FPDF
from fpdf.enums import TextDirection
from fpdf.fonts import Glyph, HarfBuzzFont, SubsetMap, TTFFont
from fpdf.unicode_script import UnicodeScript, get_unicode_script

from services.documents.forms import fonts

_SEVERAL: Final = 2
# The function searches a long table, and texts consist of few characters.
_script: Final = lru_cache(maxsize=4096)(get_unicode_script)
_LEFTWARDS: Final = TextDirection.RTL
# Of one face in one document, in about ten megabytes.
_MOST_WIDTHS: Final = 50_000
# Spaces, digits and accents belong to the script around them.
_ANY_SCRIPT: Final = frozenset({UnicodeScript.COMMON, UnicodeScript.INHERITED})
# Tables for shaping, and what a hinting program noted about itself.
_UNUSED: Final = frozenset({"GDEF", "GPOS", "GSUB", "MATH", "TTFA"})
# The faces of every document. The others are large, and few documents need them.
_OFTEN: Final = frozenset({fonts.TEXT, fonts.BOLD})
# The widths, names, characters and outlines of all glyphs, which take long to read.
_TABLES: Final = ("hmtx", "post", "cmap", "glyf")
# A glyph without text of its own (the second of two that draw one character) must map
# to some text in PDF/A-2u: this character is invisible, and joins what is around it.
_NOTHING: Final = (0x2060,)
# The single characters that stand for ligatures, such as that of lam and alef. Software
# that reverses right-to-left lines would also reverse the letters of a pair.
_PRESENTATION: Final = range(0xFB50, 0xFEFD)


def _ligatures() -> dict[tuple[int, ...], tuple[int, ...]]:
    ligatures: dict[tuple[int, ...], tuple[int, ...]] = {}
    for form in _PRESENTATION:
        letters = tuple(map(ord, normalize("NFKC", chr(form))))
        if len(letters) > 1:
            ligatures.setdefault(letters, (form,))
    return ligatures


_LIGATURES: Final = _ligatures()


@dataclass(frozen=True, slots=True)
class _Glyph:
    """A glyph of a longer text; `cluster` is its character's index in the whole."""

    codepoint: int
    cluster: int


class _Subset(SubsetMap):
    """The glyphs that a document uses.

    fpdf2 caches the answers of this method for all documents together, and drops them
    when it has written one: it calls `cache_clear`. The method that ours calls must
    cache nothing.
    """

    @cache  # noqa: B019
    def get_glyph(
        self,
        glyph: int | None = None,
        unicode: int | tuple[int, ...] | None = None,
        glyph_name: str | None = None,
        glyph_width: int | None = None,
    ) -> Glyph | None:
        if isinstance(unicode, tuple):
            unicode = _LIGATURES.get(unicode, unicode) or _NOTHING
        answer = SubsetMap.get_glyph.__wrapped__
        return answer(self, glyph, unicode, glyph_name, glyph_width)


class _Outlines(dict[str, Outline]):
    """Outlines that several documents share: each look-up returns a copy.

    Reading an outline unpacks it in place.
    """

    def __getitem__(self, name: str) -> Outline:
        # A glyph that draws nothing, such as a space, has no data.
        return Outline(getattr(super().__getitem__(name), "data", b""))


class Typeface(TTFFont):
    """A face inside one document; its unused parts are not embedded.

    It is made from bytes: fpdf2 itself needs a file, and packages hold archives.
    """

    def __init__(self, document: FPDF, face: fonts.Face) -> None:
        if face in _OFTEN:
            self._copy(_read(face), face)
            self.i = len(document.fonts) + 1
        else:
            super().__init__(document, *_file(face), **_number(face))
        # Shaping reads the font's own bytes; here these tables would only be decoded,
        # at great cost, and then thrown away.
        for table in _UNUSED.intersection(self.ttfont.keys()):
            del self.ttfont[table]
        self.subset = _Subset(self)
        self._hbfont = HarfBuzzFont(fonts.harfbuzz_font(face))
        self._widths: dict[tuple[Any, ...], tuple[int, float]] = {}

    def _copy(self, read: TTFFont, face: fonts.Face) -> None:
        for name in TTFFont.__slots__:
            if hasattr(read, name):
                setattr(self, name, getattr(read, name))
        # The parts to which a document adds or from which it removes something.
        self.ttfont = _copied(read.ttfont, face)
        self.desc, self.cw = copy(read.desc), copy(read.cw)
        self.missing_glyphs = []

    def get_text_width(
        self, text: str, font_size_pt: float, text_shaping_params: dict[str, Any] | None
    ) -> tuple[int, float]:
        """Return how many glyphs a text has, and its width.

        To break lines fpdf2 measures each beginning of a line, and everything twice in
        a table, most of which it has measured in other rows: so widths are kept.
        """
        direction = (text_shaping_params or {}).get("fragment_direction")
        measured = text, font_size_pt, direction
        width = self._widths.get(measured)
        if width is None:
            width = super().get_text_width(text, font_size_pt, text_shaping_params)
            if len(self._widths) < _MOST_WIDTHS:
                self._widths[measured] = width
        return width

    def perform_harfbuzz_shaping(
        self, text: str, font_size_pt: float, text_shaping_params: dict[str, Any] | None
    ) -> tuple[Sequence[Any], Sequence[Any]]:
        """Shape each script by its own rules.

        The engine treats the whole text as the first script that it finds, and fpdf2
        passes it whatever is side by side in one font: "Lab report, राजेश" as Latin.
        """
        shape = super().perform_harfbuzz_shaping
        whole = "".join(text)
        runs = () if whole.isascii() else tuple(_runs(whole))
        if len(runs) < _SEVERAL:
            return shape(text, font_size_pt, text_shaping_params)
        direction = (text_shaping_params or {}).get("fragment_direction")
        glyphs: list[_Glyph] = []
        places: list[Any] = []
        for start, part in reversed(runs) if direction is _LEFTWARDS else runs:
            infos, positions = shape(part, font_size_pt, text_shaping_params)
            glyphs += (_Glyph(info.codepoint, info.cluster + start) for info in infos)
            places += positions
        return glyphs, places


def _file(face: fonts.Face) -> tuple[Path, str, str]:
    return cast("Path", BytesIO(fonts.data(face))), key(face), face.style


def _number(face: fonts.Face) -> dict[str, Any]:
    return {"collection_font_number": face.number}


@cache
def _read(face: fonts.Face) -> TTFFont:
    """Return the face as fpdf2 reads it; documents copy it, and nothing changes it."""
    font = TTFFont(FPDF(), *_file(face), **_number(face))
    for tag in _TABLES:
        # The look-up reads the table; it does not unpack any outline.
        font.ttfont[tag]
    font.ttfont["cmap"].ensureDecompiled()
    return font


def _copied(font: TTFont, face: fonts.Face) -> TTFont:
    """Return a copy of the font from which a document may remove what it does not use.

    fpdf2 removes whole tables, and changes the outlines that it keeps, so each document
    has its own copies of these. Reading them again took half of the time of a document.
    """
    copied = TTFont(
        BytesIO(fonts.data(face)),
        recalcTimestamp=False,
        fontNumber=face.number,
        lazy=True,
    )
    for tag in _TABLES:
        copied.tables[tag] = copy(font[tag])
    copied.setGlyphOrder(list(font.getGlyphOrder()))
    copied["hmtx"].metrics = dict(font["hmtx"].metrics)
    copied["cmap"].tables = [copy(table) for table in font["cmap"].tables]
    copied["glyf"].glyphs = _Outlines(font["glyf"].glyphs)
    return copied


def _runs(text: str) -> Iterator[tuple[int, str]]:
    """Yield each run of one script: where it begins, and its text."""
    begun, script = 0, None
    for place, character in enumerate(text):
        here = _script(character)
        if here in _ANY_SCRIPT or here is script:
            continue
        if script is not None:
            yield begun, text[begun:place]
            begun = place
        script = here
    yield begun, text[begun:]


def set_fonts(document: FPDF, text: Iterable[str]) -> None:
    """Give a document the faces for a text, which has to be shaped."""
    others = fonts.fallback_faces(text)
    for face in (fonts.TEXT, fonts.BOLD, *others):
        document.fonts[key(face)] = Typeface(document, face)
    document.set_fallback_fonts([key(face) for face in others], exact_match=False)
    document.set_text_shaping(use_shaping_engine=True)


def key(face: fonts.Face) -> str:
    """Return the name of a face inside a document."""
    return face.family + face.style
