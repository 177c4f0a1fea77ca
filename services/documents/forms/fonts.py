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

# Imported where they are used: every process knows this module, and few draw.
if TYPE_CHECKING:
    import uharfbuzz  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a family; `number` is its place in a collection of faces."""

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
# The same ideographs are drawn differently in Japan, Korea and China; what else is
# written tells for whom a text is. Each is (first, last, face of the collection).
_JAPANESE: Final = (0x3041, 0x30FF, 0)
_KOREAN: Final = (0xAC00, 0xD7A3, 1)
_CHINESE: Final = 2
# Stands for a character that no font here has: a record may hold any.
_UNPRINTABLE: Final = "□"


def chosen(text: Iterable[str]) -> tuple[Face, ...]:
    """Return the faces that these characters need beside our own, the first first."""
    missing = _wanted(text) - characters(TEXT)
    faces = []
    for face in (*_OTHERS, _ideographs(missing)):
        if missing and missing & characters(face):
            faces.append(face)
            missing -= characters(face)
    return tuple(faces)


def missing(text: Iterable[str]) -> tuple[str, ...]:
    """Return the characters that no font has, in the order of their numbers."""
    left = _wanted(text) - characters(TEXT)
    for face in (*_OTHERS, _ideographs(left)):
        if not left:
            break
        left -= characters(face)
    return tuple(map(chr, sorted(left)))


def printer(text: str) -> Callable[[str], str]:
    """Return what puts a box in place of each character of `text` that no font has."""
    boxes = str.maketrans(dict.fromkeys(missing(text), _UNPRINTABLE))
    return lambda part: part.translate(boxes)


@cache
def data(face: Face) -> bytes:
    """Return the font file's bytes."""
    return face.read()


@cache
def characters(face: Face) -> frozenset[int]:
    """Return the numbers of the characters that the face can draw."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped] # noqa: PLC0415

    with TTFont(BytesIO(data(face)), fontNumber=face.number, lazy=True) as font:
        return frozenset(font.getBestCmap())


@cache
def shaped(face: Face) -> "uharfbuzz.Face":
    """Return the face as the shaping engine wants it; it is never changed."""
    import uharfbuzz  # noqa: PLC0415

    return uharfbuzz.Face(uharfbuzz.Blob(data(face)), face.number)


def _wanted(text: Iterable[str]) -> frozenset[int]:
    # Line ends and what only steers the text beside it need no picture of their own.
    return frozenset(
        ord(character) for character in text if category(character) not in {"Cc", "Cf"}
    )


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
