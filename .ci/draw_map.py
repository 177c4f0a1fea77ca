"""Draws docs/images/map.svg: the rooms and domains, and the imports within services.

    python .ci/draw_map.py            # draws it again
    python .ci/draw_map.py --check    # fails if the picture is not of the current code

Floors are those of pyproject.toml's contract, arrows those of the imports.
"""

import ast
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PICTURE: Final = ROOT / "docs" / "images" / "map.svg"
ROOMS: Final = ("pages", "dashboard", "api", "jobs", "services", "db", "tests")
DOMAINS: Final = (
    *("patients", "documents", "visits", "consultations"),
    *("people", "cluster", "audit", "backups", "fhir"),
)
CONTRACT: Final = "Domains of services stand on floors"
# Everything imports these; an arrow from each would hide the others.
GROUND: Final = frozenset({"core", "lists", "messaging", "pdf"})
_CELL, _ROW, _LEFT, _TOP = 108, 30, 110, 64
_BOX_WIDTH, _BOX_HEIGHT, _FLOOR = 150, 44, 92
_WIDTH = _LEFT + _CELL * len(DOMAINS) + 24


@dataclass(frozen=True, slots=True)
class Box:
    """A domain in the picture: its name, its modules, and its upper left corner."""

    name: str
    modules: int
    x: float
    y: float


def main() -> int:
    """Draw the picture, or check whether it is up to date."""
    drawn = draw(ROOT)
    if "--check" not in sys.argv:
        PICTURE.write_text(drawn, encoding="utf-8")
        return 0
    if PICTURE.exists() and PICTURE.read_text(encoding="utf-8") == drawn:
        return 0
    print("docs/images/map.svg is not of today's code: run python .ci/draw_map.py")
    return 1


def draw(root: Path) -> str:
    """Return the picture of a source tree as SVG."""
    floors = list(_floors(root))
    top = _TOP + _ROW * len(ROOMS) + 76
    boxes = {box.name: box for box in _boxes(root, floors, top)}
    height = top + _FLOOR * len(floors) + 8
    parts = [
        *_table(root),
        _text(16, top - 28, "services, floor by floor: imports go down only", "head"),
        *_arrows(root, boxes),
        *(part for box in boxes.values() for part in _drawn(box)),
    ]
    return _HEAD.format(width=_WIDTH, height=height) + "\n".join(parts) + "\n</svg>\n"


def _floors(root: Path) -> Iterator[list[str]]:
    """Return the domains of each floor, the highest first, as in the contract."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    for contract in tomllib.loads(text)["tool"]["importlinter"]["contracts"]:
        if contract["name"] == CONTRACT:
            for layer in contract["layers"]:
                yield [name.strip() for name in layer.replace(":", "|").split("|")]


def _boxes(root: Path, floors: list[list[str]], top: float) -> Iterator[Box]:
    for number, floor in enumerate(floors):
        gap = _WIDTH / len(floor)
        for place, name in enumerate(floor):
            x = gap * (place + 0.5) - _BOX_WIDTH / 2
            count = _count(root / "services" / name)
            yield Box(name, count, x, top + number * _FLOOR)


def _count(folder: Path) -> int:
    return sum(path.name != "__init__.py" for path in folder.rglob("*.py"))


def _table(root: Path) -> Iterator[str]:
    """Draw how many modules each room has of each domain."""
    yield _text(16, 28, "rooms and domains: modules in each", "head")
    for column, domain in enumerate(DOMAINS):
        yield _text(_LEFT + _CELL * (column + 0.5), _TOP - 12, domain, "name middle")
    for row, room in enumerate(ROOMS):
        y = _TOP + _ROW * row
        yield _text(16, y + 20, room, "name")
        for column, domain in enumerate(DOMAINS):
            yield from _cell(_count_in(root, room, domain), _LEFT + _CELL * column, y)


def _count_in(root: Path, room: str, domain: str) -> int:
    """Count a domain's modules; tests mirror the rooms, so theirs are one deeper."""
    if room != "tests":
        single = (root / room / domain).with_suffix(".py").exists()
        return _count(root / room / domain) + single
    return sum(_count(path) for path in (root / room).glob(f"*/{domain}/"))


def _cell(count: int, x: float, y: float) -> Iterator[str]:
    kind = "cell" if count else "cell empty"
    yield (
        f'<rect class="{kind}" x="{x + 2}" y="{y + 2}" width="{_CELL - 4}" '
        f'height="{_ROW - 4}" rx="4"/>'
    )
    if count:
        yield _text(x + _CELL / 2, y + 20, str(count), "middle")


def _arrows(root: Path, boxes: dict[str, Box]) -> Iterator[str]:
    """Draw a line from each domain to those it imports, thicker for more imports."""
    for (upper, lower), count in sorted(_imports(root, boxes).items()):
        start, end = boxes[upper], boxes[lower]
        x, y = start.x + _BOX_WIDTH / 2, start.y + _BOX_HEIGHT
        to_x, to_y = end.x + _BOX_WIDTH / 2, end.y
        bend = (to_y - y) / 2
        width = min(1 + count / 6, 5)
        yield (
            f'<path class="arrow" stroke-width="{width:.1f}" d="M{x:.0f} {y:.0f} '
            f"C{x:.0f} {y + bend:.0f} {to_x:.0f} {to_y - bend:.0f} "
            f'{to_x:.0f} {to_y:.0f}"><title>{upper} imports {lower}: {count}'
            "</title></path>"
        )


def _imports(root: Path, boxes: Iterable[str]) -> Counter[tuple[str, str]]:
    known, edges = set(boxes), Counter[tuple[str, str]]()
    for path in sorted((root / "services").rglob("*.py")):
        domain = path.relative_to(root / "services").parts[0]
        for name in _services_imported(path):
            if name != domain and {domain, name} <= known and name not in GROUND:
                edges[domain, name] += 1
    return edges


def _services_imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or node.module is None:
            continue
        room, _, rest = node.module.partition(".")
        if room == "services":
            names = [rest.partition(".")[0]] if rest else [a.name for a in node.names]
            yield from names


def _drawn(box: Box) -> Iterator[str]:
    middle = box.x + _BOX_WIDTH / 2
    yield (
        f'<rect class="box" x="{box.x:.0f}" y="{box.y:.0f}" width="{_BOX_WIDTH}" '
        f'height="{_BOX_HEIGHT}" rx="6"/>'
    )
    yield _text(middle, box.y + 19, box.name, "name middle")
    yield _text(middle, box.y + 35, f"{box.modules} modules", "small middle")


def _text(x: float, y: float, words: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}">{escape(words)}</text>'


_HEAD: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
width="{width}" height="{height}" role="img" aria-label="The map of the source">
<style>
svg {{ background: #fbfcfd; font: 13px sans-serif; fill: #0c161d; }}
.head {{ font-weight: 600; font-size: 15px; }} .name {{ font-weight: 600; }}
.small {{ font-size: 11px; fill: #4a5b67; }} .middle {{ text-anchor: middle; }}
.box {{ fill: #fff; stroke: #0b6470; }} .cell {{ fill: #d7eaec; }}
.empty {{ fill: #eef3f5; }} .arrow {{ fill: none; stroke: #0b6470; opacity: .45; }}
</style>
"""

if __name__ == "__main__":
    sys.exit(main())
