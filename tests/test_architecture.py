"""The rules and the picture of docs/architecture.md agree with the source."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROW = re.compile(r"\| (.+?) \| `([^`|]+)` \| `([^`|]+)` \|")
HEADING = "## Where is ...?"
HEAD_LINES = 2


class Place(NamedTuple):
    """A row of the table: the question, the file, and the name that answers it."""

    question: str
    file: str
    name: str


def places(text: str) -> list[Place]:
    """Parse the table; fail at a row of another shape instead of skipping it."""
    section = text.partition(f"{HEADING}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")][HEAD_LINES:]
    return [place_in(row) for row in rows]


def place_in(row: str) -> Place:
    match = ROW.fullmatch(row)
    assert match, f"No row of question, file and name: {row}"
    return Place(*match.groups())


def defined_in(source: str) -> set[str]:
    """Return the names that a module defines itself, members as `Class.member`."""
    return set(_names(ast.parse(source).body))


def made_in(statements: str) -> set[str]:
    """Return the tables and functions that an SQL file makes."""
    made = re.findall(r"^CREATE .*?(?:TABLE|FUNCTION) (\w+)", statements, re.MULTILINE)
    return set(made)


def _names(body: Sequence[ast.stmt], owner: str = "") -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield f"{owner}{node.name}"
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield f"{owner}{target.id}"
        if isinstance(node, ast.ClassDef):
            yield from _names(node.body, f"{owner}{node.name}.")


PLACES = places((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
NAMES_IN_THE_CODE = re.findall(r"^\| `(\w+)` \| `([\w/.]+)` \|", GLOSSARY, re.MULTILINE)


def test_the_architecture_tells_where_twenty_rules_are_each_asked_once():
    assert len(PLACES) >= 20
    assert len({place.question for place in PLACES}) == len(PLACES)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.question)
def test_the_rule_is_where_the_architecture_says(place: Place):
    source = (ROOT / place.file).read_text(encoding="utf-8")
    made = made_in if place.file.endswith(".sql") else defined_in

    assert place.name in made(source)


@pytest.mark.parametrize(("name", "file"), NAMES_IN_THE_CODE)
def test_the_code_has_the_name_where_the_glossary_says(name: str, file: str):
    source = (ROOT / file).read_text(encoding="utf-8")

    assert name in defined_in(source)


def test_a_name_that_is_only_imported_or_used_is_not_defined():
    source = "from rules import HOURS\n\nclass Limit:\n    days: int = HOURS\n"

    assert defined_in(source) == {"Limit", "Limit.days"}


def test_a_table_that_is_only_changed_is_not_made():
    statements = (
        "CREATE TABLE slots (id uuid);\n"
        "CREATE OR REPLACE FUNCTION hold_slot() RETURNS void\n"
        "ALTER TABLE bookings ADD room text;\n"
    )

    assert made_in(statements) == {"slots", "hold_slot"}


def test_a_row_without_a_name_is_refused():
    text = (
        f"{HEADING}\n\n| question | file | name |\n|---|---|---|\n| Who? | `a.py` |\n"
    )

    with pytest.raises(AssertionError, match="No row of question"):
        places(text)


def test_the_picture_of_the_map_is_of_todays_code():
    done = subprocess.run(
        [sys.executable, ".ci/draw_map.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "")
