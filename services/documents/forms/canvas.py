"""A part of a sheet to draw on: vector shapes, and short texts between them.

Each colour is paired with a pattern, so that a printer without colours tells them
apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final, Literal

from services.documents.forms import fonts

if TYPE_CHECKING:
    from services.documents.forms.sheet import Sheet

INK: Final = "#14212B"
MUTED: Final = "#4A5B67"
HAIRLINE: Final = "#C8D2D7"
_POINT_MM: Final = 25.4 / 72
# From the baseline to the middle of a capital, as a share of the font size.
_MIDDLE: Final = 0.35
_BASELINE: Final = 0.3
_THIN_MM: Final = 0.2
_STRIPES_MM: Final = 1.3
_WHITE: Final = 255
_MARKER_MM: Final = 0.9

Align = Literal["left", "centre", "right"]
Rgb = tuple[int, int, int]


class Pattern(IntEnum):
    """How an area is filled."""

    FULL = 0
    DIAGONAL = 1
    LINES = 2
    CROSSED = 3


@dataclass(frozen=True, slots=True)
class Paint:
    """A colour, such as #0E7A86, and a pattern; `strength` 0 is white, 1 is full."""

    colour: str
    pattern: Pattern = Pattern.FULL
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Canvas:
    """A rectangle of a sheet, in mm from the page's top left corner."""

    sheet: "Sheet"
    left: float
    top: float
    width: float
    height: float

    def area(self, x: float, y: float, width: float, height: float, by: Paint) -> None:
        """Fill a rectangle; with a pattern it also gets an outline in its colour."""
        if width <= 0 or height <= 0:
            return
        if by.pattern is Pattern.FULL:
            self.sheet.set_fill_color(*_rgb(by.colour, by.strength))
            self.sheet.rect(x, y, width, height, style="F")
            return
        with self.sheet.rect_clip(x, y, width, height):
            for x1, y1, x2, y2 in _stripes(x, y, width, height, by.pattern):
                self.line(x1, y1, x2, y2, by.colour, width=0.3)
        self._draw_with(by.colour, 0.3)
        self.sheet.rect(x, y, width, height, style="D")

    def line(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        colour: str,
        *,
        width: float = _THIN_MM,
    ) -> None:
        """Draw a straight line."""
        self._draw_with(colour, width)
        self.sheet.line(x1, y1, x2, y2)

    def path(
        self, points: Sequence[tuple[float, float]], colour: str, pattern: Pattern
    ) -> None:
        """Draw a line through points, with dashes that depend on its pattern."""
        if len(points) < 2:  # noqa: PLR2004 - one point is no line
            return
        self._draw_with(colour, 0.5)
        dash, gap = ((0, 0), (2, 1), (0.6, 0.8), (3.5, 0.9))[pattern]
        self.sheet.set_dash_pattern(dash=dash, gap=gap)
        self.sheet.polyline(list(points))
        self.sheet.set_dash_pattern()

    def marker(self, x: float, y: float, by: Paint) -> None:
        """Draw a point, in a different shape for each pattern."""
        self.sheet.set_fill_color(*_rgb(by.colour, 1))
        size = _MARKER_MM
        match by.pattern:
            case Pattern.FULL:
                self.sheet.circle(x, y, size, style="F")
            case Pattern.DIAGONAL:
                self.sheet.rect(x - size, y - size, 2 * size, 2 * size, style="F")
            case Pattern.LINES:
                corners = [(x, y - size), (x + size, y + size), (x - size, y + size)]
                self.sheet.polygon(corners, style="F")
            case Pattern.CROSSED:
                corners = [(x, y - size), (x + size, y), (x, y + size), (x - size, y)]
                self.sheet.polygon(corners, style="F")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 8,
        colour: str = INK,
        align: Align = "left",
    ) -> None:
        """Write one line, vertically centred on `y`; `size` is in points."""
        self._set(size)
        self.sheet.set_text_color(*_rgb(colour, 1))
        share = {"left": 0.0, "centre": 0.5, "right": 1.0}[align]
        width = self.sheet.get_string_width(text)
        # Not `FPDF.text`, which neither shapes scripts nor takes other fonts. A cell
        # writes its baseline lower than its middle, by this share of the font size.
        lower = (_MIDDLE - _BASELINE) * size * _POINT_MM
        self.sheet.set_xy(x - share * width, y + lower)
        self.sheet.cell(width, 0, text)

    def width_of(self, text: str, size: float = 8) -> float:
        """Return the width of a line in mm."""
        self._set(size)
        return float(self.sheet.get_string_width(text))

    def fit(self, text: str, width: float, size: float = 8) -> str:
        """Return the text, cut off with an ellipsis if it is wider than `width`."""
        if self.width_of(text, size) <= width:
            return text
        while text and self.width_of(f"{text}…", size) > width:
            text = text[:-1]
        return f"{text.rstrip()}…"

    def _set(self, size: float) -> None:
        self.sheet.set_font(fonts.FAMILY, "", size)

    def _draw_with(self, colour: str, width: float) -> None:
        self.sheet.set_draw_color(*_rgb(colour, 1))
        self.sheet.set_line_width(width)


def _rgb(colour: str, strength: float) -> Rgb:
    red, green, blue = (
        round(_WHITE + (int(colour[place : place + 2], 16) - _WHITE) * strength)
        for place in (1, 3, 5)
    )
    return red, green, blue


def _stripes(
    x: float, y: float, width: float, height: float, pattern: Pattern
) -> list[tuple[float, float, float, float]]:
    stripes: list[tuple[float, float, float, float]] = []
    if pattern is Pattern.LINES:
        for n in range(1, int(height / _STRIPES_MM) + 1):
            at = y + n * _STRIPES_MM
            stripes.append((x, at, x + width, at))
        for n in range(1, int(width / _STRIPES_MM) + 1):
            at = x + n * _STRIPES_MM
            stripes.append((at, y, at, y + height))
        return stripes
    for n in range(1, int((width + height) / _STRIPES_MM) + 1):
        at = n * _STRIPES_MM
        stripes.append((x + at - height, y + height, x + at, y))
        if pattern is Pattern.CROSSED:
            stripes.append((x + at - height, y, x + at, y + height))
    return stripes
