"""Draws latency over people as an SVG picture, for the documentation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10
from typing import Final

from benchmarks.svg import WIDTH, picture, text

_HEIGHT: Final = 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 120, 56, 300
_GRID: Final = "#e5e7eb"
_COLOURS: Final = ("#2563eb", "#0B6470", "#b45309")
_PEER_DASH: Final = ' stroke-dasharray="6 4"'
_FASTEST_MS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Curve:
    """Milliseconds by how many people there were; the peer's is dashed."""

    name: str
    points: Mapping[int, float]
    is_peer: bool


def draw(title: str, curves: Sequence[Curve]) -> str:
    """Return the picture: people from left to right, milliseconds upwards, both log."""
    people = sorted({number for curve in curves for number in curve.points})
    slowest = max(ms for curve in curves for ms in curve.points.values())
    decades = max(2, int(log10(max(slowest, 1.0))) + 1)
    names = list(dict.fromkeys(curve.name for curve in curves))
    parts = [
        text(_LEFT, 46, "95 % within, ms; ours drawn through, stock app dashed"),
    ]
    for decade in range(1, decades + 1):
        y = _y(10.0**decade, decades)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}" stroke="{_GRID}"/>')
        parts.append(text(_LEFT - 8, y + 4, f"{10**decade:,}", anchor="end"))
    for number in people:
        x = _x(number, people)
        parts.append(text(x, _BOTTOM + 20, f"{number:,}", anchor="middle"))
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(text(middle, _BOTTOM + 44, "people", anchor="middle"))
    for curve in curves:
        parts += _curve(curve, people, decades, names.index(curve.name))
    return picture(title, _HEIGHT, _LEFT, parts)


def _curve(curve: Curve, people: Sequence[int], decades: int, place: int) -> list[str]:
    colour, dash = _COLOURS[place % len(_COLOURS)], _PEER_DASH * curve.is_peer
    ends = [(_x(n, people), _y(ms, decades)) for n, ms in sorted(curve.points.items())]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in ends)
    parts = [
        f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
    ]
    parts += [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in ends
    ]
    if not curve.is_peer:
        x, y = WIDTH - _RIGHT + 16, _TOP + 24 * (place + 1)
        parts.append(
            f'<rect x="{x}" y="{y - 9}" width="12" height="12" fill="{colour}"/>'
        )
        parts.append(text(x + 20, y + 2, curve.name))
    return parts


def _x(number: int, people: Sequence[int]) -> float:
    least, most = log10(people[0]), log10(people[-1])
    share = (log10(number) - least) / (most - least) if most > least else 0.5
    return _LEFT + 24 + share * (WIDTH - _RIGHT - _LEFT - 48)


def _y(milliseconds: float, decades: int) -> float:
    share = (log10(max(milliseconds, _FASTEST_MS)) - 1) / (decades - 1)
    return _BOTTOM - share * (_BOTTOM - _TOP - 16)
