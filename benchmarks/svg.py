"""SVG pictures for the documentation: their frame, and text in them."""

from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape

WIDTH: Final = 720
INK: Final = "#1f2937"


def picture(title: str, height: int, left: float, parts: Iterable[str]) -> str:
    """Return a picture of these parts below its title, which begins at `left`."""
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} '
                f'{height}" font-family="sans-serif" font-size="13" fill="{INK}" '
                'role="img">'
            ),
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            text(left, 26, title, size=16),
            *parts,
            "</svg>\n",
        ]
    )


def text(
    left: float, top: float, words: str, *, size: int = 13, anchor: str = "start"
) -> str:
    """Return text whose start, middle or end is at a position."""
    return (
        f'<text x="{left:.1f}" y="{top:.1f}" font-size="{size}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )
