"""Draws histograms as an SVG picture, for the documentation."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.svg import INK, WIDTH, picture, text

_HEIGHT: Final = 200
_LEFT: Final = 48
_TOP: Final = 56
_GAP: Final = 72
_FEWEST_BARS: Final = 10
_BAR: Final = "#2563eb"


@dataclass(frozen=True, slots=True)
class Panel:
    """One histogram: its title, its values, and the width of a bar in their unit."""

    title: str
    values: Sequence[float]
    step: float


def draw(title: str, panels: Sequence[Panel]) -> str:
    """Return the picture, one panel below the other."""
    height = _TOP + len(panels) * (_HEIGHT + _GAP)
    parts: list[str] = []
    for number, panel in enumerate(panels):
        parts += _panel(panel, _TOP + number * (_HEIGHT + _GAP))
    return picture(title, height, _LEFT, parts)


def _panel(panel: Panel, top: int) -> list[str]:
    counts = Counter(int(value / panel.step + 1e-9) for value in panel.values)
    bars = max(_FEWEST_BARS, max(counts, default=0) + 2)
    width = (WIDTH - _LEFT - 16) / bars
    most = max(counts.values(), default=1)
    bottom = top + _HEIGHT
    parts = [text(_LEFT, top + 4, panel.title)]
    for bar, count in sorted(counts.items()):
        tall = count / most * (_HEIGHT - 40)
        left = _LEFT + bar * width
        parts.append(
            f'<rect x="{left + 1:.1f}" y="{bottom - tall:.1f}" '
            f'width="{max(width - 2, 1):.1f}" height="{tall:.1f}" fill="{_BAR}"/>'
        )
        parts.append(
            text(left + width / 2, bottom - tall - 4, str(count), anchor="middle")
        )
    parts.append(
        f'<path d="M{_LEFT} {bottom}H{WIDTH - 16}" stroke="{INK}" fill="none"/>'
    )
    for bar in range(0, bars + 1, max(1, bars // 10)):
        label = f"{bar * panel.step:.1f}"
        parts.append(text(_LEFT + bar * width, bottom + 18, label, anchor="middle"))
    return parts
