"""The fonts that documents are set in, and which characters they have.

All of them come inside packages: FiraGO (Latin, Greek, Cyrillic, Arabic, Hebrew,
Devanagari, Thai, Georgian) and Noto, both under the SIL Open Font License.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO
from typing import TYPE_CHECKING, Final, cast
from unicodedata import category

import noto_cjk_sans_otc  # type: ignore[import-untyped]
import pymupdf_fonts  # type: ignore[import-untyped]

# Imported where they are used: every process imports this module, and few draw.
if TYPE_CHECKING:
    import uharfbuzz  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a family; `number` is its index in a font collection."""

    family: str
    read: Callable[[], bytes]
    style: str = ""
    number: int = 0


FAMILY: Final = "firago"
TEXT: Final = Face(FAMILY, partial(pymupdf_fonts.myfont, "figo"))
BOLD: Final = Face(FAMILY, partial(pymupdf_fonts.myfont, "figbo"), "B")
_OTHERS: Final = (
    Face("notosans", partial(pymupdf_fonts.myfont, "notos")),
    Face("symbols", partial(pymupdf_fonts.myfont, "symbol1")),
    Face("moresymbols", partial(pymupdf_fonts.myfont, "symbol2")),
    Face("math", partial(pymupdf_fonts.myfont, "math")),
)
# The same ideographs are drawn differently in Japan, Korea and China; the other
# characters of a text show whom it is for. Each is (first, last, face of the
# collection).
_JAPANESE: Final = (0x3041, 0x30FF, 0)
_KOREAN: Final = (0xAC00, 0xD7A3, 1)
_CHINESE: Final = 2
# They only choose between forms of the character before them, which is drawn without
# them, too: phones write one after a sign such as "☎".
_VARIATION_SELECTORS: Final = frozenset(
    (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
)
# Printed for a character that no font here has: a record may contain any.
_UNPRINTABLE: Final = "□"


def fallback_faces(text: Iterable[str]) -> tuple[Face, ...]:
    """Return the faces that these characters need besides FiraGO, in fallback order."""
    missing = _wanted(text) - characters(TEXT)
    faces = []
    for face in (*_OTHERS, _ideographs(missing)):
        if missing and missing & characters(face):
            faces.append(face)
            missing -= characters(face)
    return tuple(faces)


def missing(text: Iterable[str]) -> tuple[str, ...]:
    """Return the characters that no font has, by code point."""
    left = _wanted(text) - characters(TEXT)
    for face in (*_OTHERS, _ideographs(left)):
        if not left:
            break
        left -= characters(face)
    return tuple(map(chr, sorted(left)))


def replacing_missing(text: str) -> Callable[[str], str]:
    """Return a function that prints a box for the characters of `text` no font has."""
    boxes = str.maketrans(dict.fromkeys(missing(text), _UNPRINTABLE))
    return lambda part: part.translate(boxes)


@cache
def data(face: Face) -> bytes:
    """Return the font file's bytes."""
    return face.read()


@cache
def characters(face: Face) -> frozenset[int]:
    """Return the code points that the face can draw."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # noqa: PLC0415

    with TTFont(BytesIO(data(face)), fontNumber=face.number, lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def harfbuzz_font(face: Face) -> "uharfbuzz.Face":
    """Return the face as the shaping engine takes it; it is never changed."""
    import uharfbuzz  # noqa: PLC0415

    return uharfbuzz.Face(uharfbuzz.Blob(data(face)), face.number)


def _wanted(text: Iterable[str]) -> frozenset[int]:
    # Line ends and formatting characters need no glyph of their own.
    wanted = {
        ord(character) for character in text if category(character) not in {"Cc", "Cf"}
    }
    return frozenset(wanted - _VARIATION_SELECTORS)


def _ideographs(wanted: Iterable[int]) -> Face:
    number = _CHINESE
    for first, last, other in (_JAPANESE, _KOREAN):
        if any(first <= code <= last for code in wanted):
            number = other
    return _ideograph_face(number)


@cache
def _ideograph_face(number: int) -> Face:
    return Face("cjk", _read_collection, number=number)


@cache
def _read_collection() -> bytes:
    return cast("bytes", noto_cjk_sans_otc.FONT_PATH.read_bytes())
