"""The place of each server in the picture of who follows whom."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

Tone = Literal["info", "ok", "warn", "danger", "muted"]
Line = Literal["waited", "loose", "broken"]

WIDTH: Final = 264
HEIGHT: Final = 92
_ACROSS: Final = 120
_BETWEEN: Final = 18
_INDENT: Final = 28


@dataclass(frozen=True, slots=True)
class ServerBox:
    """One server: the contents of its box, and the line from the one it follows.

    The line is `waited` if commits wait for it, `loose` if they do not, and `broken` if
    nothing flows.
    """

    name: str
    part: str
    icon: str
    tone: Tone
    first: str
    second: str = ""
    upstream: str | None = None
    line: Line = "loose"
    label: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A box, and the position of its upper left corner."""

    box: ServerBox
    x: float
    y: float


def place_wide(boxes: Sequence[ServerBox]) -> dict[str, Placed]:
    """Return the places growing to the right: a column for each step from the top."""
    placed: dict[str, Placed] = {}
    rows = 0

    def place(box: ServerBox, depth: int) -> float:
        nonlocal rows
        below = [place(child, depth + 1) for child in _children(known, box)]
        if below:
            y = (below[0] + below[-1]) / 2
        else:
            y = rows * (HEIGHT + _BETWEEN)
            rows += 1
        placed[box.name] = Placed(box, depth * (WIDTH + _ACROSS), y)
        return y

    known = _without_circles(boxes)
    for root in _roots(known):
        place(root, 0)
    return placed


def place_deep(boxes: Sequence[ServerBox]) -> dict[str, Placed]:
    """Return the places growing downwards: followers below, and to the right."""
    placed: dict[str, Placed] = {}

    def place(box: ServerBox, depth: int) -> None:
        y = len(placed) * (HEIGHT + _BETWEEN)
        placed[box.name] = Placed(box, depth * _INDENT, y)
        for child in _children(known, box):
            place(child, depth + 1)

    known = _without_circles(boxes)
    for root in _roots(known):
        place(root, 0)
    return placed


def _without_circles(boxes: Sequence[ServerBox]) -> list[ServerBox]:
    """Return the boxes without circles: a server that follows itself follows nobody.

    While leaders change, servers may still name each other as the one they follow.
    """
    upstream = {box.name: box.upstream for box in boxes}
    for name in list(upstream):
        passed, at = {name}, upstream[name]
        while at in upstream and at not in passed:
            passed.add(at)
            at = upstream[at]
        if at == name:
            upstream[name] = None
    return [replace(box, upstream=upstream[box.name]) for box in boxes]


def _roots(boxes: Sequence[ServerBox]) -> list[ServerBox]:
    names = {box.name for box in boxes}
    return [box for box in boxes if box.upstream not in names]


def _children(boxes: Sequence[ServerBox], box: ServerBox) -> list[ServerBox]:
    return [child for child in boxes if child.upstream == box.name]
