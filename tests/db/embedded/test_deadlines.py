"""Temporary changes are undone in time, once, even if that fails at first."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from db.embedded.deadlines import Deadlines
from tests.kit.waiting import eventually


@pytest.fixture
def deadlines() -> Iterator[Deadlines]:
    """Deadlines that end with the test."""
    with closing(Deadlines()) as deadlines:
        yield deadlines


def test_it_is_undone_by_itself_and_once(deadlines: Deadlines):
    undone: list[str] = []

    until = deadlines.put("pause", 0.1, lambda: undone.append("pause"))

    assert until <= datetime.now(UTC) + timedelta(seconds=0.1)
    assert deadlines.at("pause") == until
    assert eventually(lambda: undone)
    deadlines.undo("pause")
    assert undone == ["pause"]
    assert deadlines.at("pause") is None


def test_put_again_it_lasts_from_then_on(deadlines: Deadlines):
    undone: list[str] = []
    deadlines.put("pause", 0.1, lambda: undone.append("first"))

    deadlines.put("pause", 60, lambda: undone.append("second"))

    # Whatever was due before has been undone by then.
    deadlines.put("later", 0.2, lambda: undone.append("later"))
    assert eventually(lambda: undone) == ["later"]
    deadlines.undo("pause")
    assert undone == ["later", "second"]


def test_what_fails_to_be_undone_is_tried_again(deadlines: Deadlines):
    undone: list[str] = []
    attempts: list[str] = []

    def undo() -> None:
        attempts.append("attempt")
        if len(attempts) == 1:
            raise OSError("the disk is full")
        undone.append("pause")

    deadlines.put("pause", 0, undo)

    assert eventually(lambda: undone)


def test_what_fails_to_be_undone_at_once_is_tried_again(deadlines: Deadlines):
    undone: list[str] = []
    failures = [OSError("the disk is full")]

    def undo() -> None:
        if failures:
            raise failures.pop()
        undone.append("pause")

    deadlines.put("pause", 60, undo)

    with pytest.raises(OSError, match="the disk is full"):
        deadlines.undo("pause")

    assert eventually(lambda: undone, seconds=30) == ["pause"]


def test_a_later_deadline_waits_for_its_own_time(deadlines: Deadlines):
    undone: list[str] = []
    deadlines.put("later", 60, lambda: undone.append("later"))

    deadlines.put("sooner", 0, lambda: undone.append("sooner"))

    assert eventually(lambda: undone)
    assert undone == ["sooner"]
