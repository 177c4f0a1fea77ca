"""Every requirement of the sources is accounted for: docs/sources.md, row by row."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROWS = 373
_LINE = re.compile(r"\| (\d+) \| (.+?) \| (\w+) \| (.+) \|")
_SHORTEST_REASON = 30


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    number: int
    requirement: str
    status: str
    text: str


def _rows_of(text: str) -> list[Row]:
    matches = (_LINE.fullmatch(line) for line in text.splitlines())
    return [Row(int(row[1]), row[2], row[3], row[4]) for row in matches if row]


TEXT = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
TABLE = _rows_of(TEXT)


def _is_there(named: str) -> bool:
    """Return whether the page exists, or the test in its file."""
    path, _, test = named.partition("::")
    file = ROOT / path
    if not file.is_file():
        return False
    if not test:
        return True
    defined = rf"^(?:async )?def {re.escape(test)}\("
    return (
        re.search(defined, file.read_text(encoding="utf-8"), re.MULTILINE) is not None
    )


def test_every_row_is_there_once_and_in_its_order():
    assert [row.number for row in TABLE] == list(range(1, ROWS + 1))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row.number))
def test_a_row_says_where_it_is_shown_or_why_it_differs(row: Row):
    assert row.status in {"works", "differs"}
    if row.status == "works":
        named = re.findall(r"`([^`]+)`", row.text)
        assert named
        assert [name for name in named if not _is_there(name)] == []
    else:
        assert len(row.text) >= _SHORTEST_REASON or row.text.startswith("As row ")


def test_a_row_that_names_another_names_one_that_has_a_reason():
    reasons = {row.number for row in TABLE if row.status != "works"}
    named = [
        int(n) for row in TABLE for n in re.findall(r"\b[Aa]s row (\d+)", row.text)
    ]

    assert named
    assert set(named) <= reasons


@pytest.mark.parametrize(
    "named",
    [
        "docs/nowhere.md",
        "tests/test_sources.py::test_nothing",
        "tests/nobody.py::test_x",
    ],
)
def test_what_is_not_there_is_noticed(named):
    assert not _is_there(named)
    assert _is_there("tests/test_sources.py::test_what_is_not_there_is_noticed")
