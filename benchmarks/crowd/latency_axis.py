"""The frame of a chart of latency: milliseconds upwards, on a logarithmic scale."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log10
from typing import Final

from benchmarks.svg import WIDTH, text

HEIGHT: Final = 360
LEFT, TOP, BOTTOM = 64, 56, 300
RIGHT: Final = WIDTH - 120
_GRID: Final = "#e5e7eb"
_COLOURS: Final = ("#2563eb", "#0B6470", "#b45309")
_FASTEST_MS: Final = 10.0


@dataclass(frozen=True, slots=True)
class LatencyAxis:
    """Positions for milliseconds up to the slowest, and the drawing around them."""

    slowest_ms: float

    @property
    def _decades(self) -> int:
        return max(2, int(log10(max(self.slowest_ms, 1.0))) + 1)

    def grid(self) -> Iterator[str]:
        """Yield a line for each power of ten, with its number."""
        for decade in range(1, self._decades + 1):
            y = self.y(10.0**decade)
            yield f'<path d="M{LEFT} {y:.1f}H{RIGHT}" stroke="{_GRID}"/>'
            yield text(LEFT - 8, y + 4, f"{10**decade:,}", anchor="end")

    def y(self, milliseconds: float) -> float:
        """Return the y coordinate of a number of milliseconds."""
        share = (log10(max(milliseconds, _FASTEST_MS)) - 1) / (self._decades - 1)
        return BOTTOM - share * (BOTTOM - TOP - 16)

    def curve(
        self, place: int, points: Sequence[tuple[float, float]], *, dash: str = ""
    ) -> Iterator[str]:
        """Yield a line through pairs of x and milliseconds, in the series' colour."""
        path = "L".join(f"{x:.1f} {self.y(ms):.1f}" for x, ms in points)
        yield (
            f'<path d="M{path}" fill="none" stroke="{_COLOURS[place]}" '
            f'stroke-width="2"{dash}/>'
        )

    def dots(self, place: int, points: Sequence[tuple[float, float]]) -> Iterator[str]:
        """Yield a dot for each pair of x and milliseconds."""
        for x, ms in points:
            y, colour = self.y(ms), _COLOURS[place]
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'


def legend(place: int, name: str) -> Iterator[str]:
    """Yield the legend of a series' colour."""
    x, y = RIGHT + 16, TOP + 24 * (place + 1)
    colour = _COLOURS[place]
    yield f'<rect x="{x}" y="{y - 9}" width="12" height="12" fill="{colour}"/>'
    yield text(x + 20, y + 2, name)


def below(name: str) -> str:
    """Return the label of the horizontal axis."""
    return text((LEFT + RIGHT) / 2, BOTTOM + 44, name, anchor="middle")


def tick(x: float, name: str) -> str:
    """Return a number below the chart."""
    return text(x, BOTTOM + 20, name, anchor="middle")
