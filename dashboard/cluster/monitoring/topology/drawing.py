"""Turns placed boxes into SVG; the colours are the theme's, by class."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from dashboard.cluster.monitoring.topology.placing import (
    HEIGHT,
    WIDTH,
    Placed,
    ServerBox,
    place_deep,
    place_wide,
)

_PADDING: Final = 2
_MOST_LETTERS: Final = 36


def draw_wide(boxes: Sequence[ServerBox]) -> str:
    """Return a picture that grows to the right."""
    return _picture(place_wide(boxes), _line_across)


def draw_deep(boxes: Sequence[ServerBox]) -> str:
    """Return a picture that grows downwards."""
    return _picture(place_deep(boxes), _line_down)


def _picture(
    placed: dict[str, Placed], draw_line: Callable[[Placed, Placed], str]
) -> str:
    width = max((box.x for box in placed.values()), default=0) + WIDTH + 2 * _PADDING
    height = max((box.y for box in placed.values()), default=0) + HEIGHT + 2 * _PADDING
    lines = [
        draw_line(placed[box.box.upstream], box)
        for box in placed.values()
        if box.box.upstream in placed
    ]
    boxes = [_box(box) for box in placed.values()]
    return (
        f'<svg viewBox="{-_PADDING} {-_PADDING} {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" aria-hidden="true">'
        f"{''.join(lines + boxes)}</svg>"
    )


def _line_across(above: Placed, below: Placed) -> str:
    from_x, from_y = above.x + WIDTH, above.y + HEIGHT / 2
    to_x, to_y = below.x, below.y + HEIGHT / 2
    middle = (from_x + to_x) / 2
    curve = f"M{from_x:g} {from_y:g}C{middle:g} {from_y:g} {middle:g} {to_y:g}"
    # On the side where the curve does not arrive.
    beside = to_y + 17 if to_y > from_y else to_y - 8
    label = _text("label", to_x - 12, beside, below.box.label, anchor="end")
    return _line(below.box, f"{curve} {to_x - 7:g} {to_y:g}", (to_x, to_y)) + label


def _line_down(above: Placed, below: Placed) -> str:
    x, to_x, to_y = above.x + 12, below.x, below.y + HEIGHT / 2
    path = f"M{x:g} {above.y + HEIGHT:g}V{to_y:g}H{to_x - 7:g}"
    return _line(below.box, path, (to_x, to_y))


def _line(box: ServerBox, path: str, tip: tuple[float, float]) -> str:
    x, y = tip
    head = f"M{x - 8:g} {y - 5:g}L{x:g} {y:g}L{x - 8:g} {y + 5:g}Z"
    return (
        f'<path class="line {box.line}" d="{path}"/>'
        f'<path class="head {box.line}" d="{head}"/>'
    )


def _box(placed: Placed) -> str:
    box, x, y = placed.box, placed.x, placed.y
    return (
        f'<g class="{box.tone}">'
        f'<rect class="box" x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" '
        'rx="10"/>'
        f'<rect class="edge" x="{x:g}" y="{y + 10:g}" width="4" height="{HEIGHT - 20}" '
        'rx="2"/>'
        f"{_text('name', x + 18, y + 25, box.name)}"
        f"{_text('icon', x + 18, y + 48, box.icon)}"
        f"{_text('part', x + 38, y + 45, box.part)}"
        f"{_text('fact', x + 18, y + 64, box.first)}"
        f"{_text('fact', x + 18, y + 81, box.second)}</g>"
    )


def _text(kind: str, x: float, y: float, text: str, *, anchor: str = "start") -> str:
    if not text:
        return ""
    short = text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 1]}…"
    return (
        f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">'
        f"{escape(short)}</text>"
    )
