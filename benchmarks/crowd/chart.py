"""Draws latency by number of people as an SVG picture, for the documentation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10
from typing import Final

from benchmarks.crowd.latency_axis import (
    HEIGHT,
    LEFT,
    RIGHT,
    LatencyAxis,
    below,
    legend,
    tick,
)
from benchmarks.svg import picture, text

_PEER_DASH: Final = ' stroke-dasharray="6 4"'


@dataclass(frozen=True, slots=True)
class Curve:
    """Milliseconds by number of people; the peer's curve is dashed."""

    name: str
    points: Mapping[int, float]
    is_peer: bool


def draw(title: str, curves: Sequence[Curve]) -> str:
    """Return the picture: people from left to right, milliseconds upwards, both log."""
    people = sorted({number for curve in curves for number in curve.points})
    axis = LatencyAxis(max(ms for curve in curves for ms in curve.points.values()))
    names = list(dict.fromkeys(curve.name for curve in curves))
    parts = [
        text(LEFT, 46, "95 % within, ms; ours drawn through, stock app dashed"),
        *axis.grid(),
        *(tick(_x(number, people), f"{number:,}") for number in people),
        below("people"),
    ]
    for curve in curves:
        place = names.index(curve.name)
        points = [(_x(n, people), ms) for n, ms in sorted(curve.points.items())]
        parts += axis.curve(place, points, dash=_PEER_DASH * curve.is_peer)
        parts += axis.dots(place, points)
        if not curve.is_peer:
            parts += legend(place, curve.name)
    return picture(title, HEIGHT, LEFT, parts)


def _x(number: int, people: Sequence[int]) -> float:
    least, most = log10(people[0]), log10(people[-1])
    share = (log10(number) - least) / (most - least) if most > least else 0.5
    return LEFT + 24 + share * (RIGHT - LEFT - 48)
