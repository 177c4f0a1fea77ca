"""What is read ahead comes in order, and reading ends once nobody wants more."""

import threading
from collections.abc import Generator

import pytest

from jobs.fhir import reading_ahead
from jobs.fhir.reading_ahead import read_ahead


class Numbers:
    """Numbers as pieces; records how many were read, and where it was closed."""

    def __init__(self, last: int, fails_behind: int | None = None) -> None:
        self.count = 0
        self.closed_by = ""
        self._last = last
        self._fails_behind = fails_behind
        self.changed = threading.Condition()

    def pieces(self) -> Generator[bytes]:
        try:
            for number in range(self._last):
                if number == self._fails_behind:
                    raise LookupError
                with self.changed:
                    self.count += 1
                    self.changed.notify_all()
                yield b"%d" % number
        finally:
            self.closed_by = threading.current_thread().name

    def wait_until_read(self, count: int, *, seconds: float = 10) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.count >= count, seconds)


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    yield
    names = [thread.name for thread in threading.enumerate()]
    assert "reading-ahead" not in names


@pytest.mark.parametrize("last", [0, 1, 1_000])
def test_pieces_come_in_their_order(last):
    with read_ahead(Numbers(last).pieces()) as pieces:
        taken = list(pieces)

    assert taken == [b"%d" % number for number in range(last)]


def test_some_are_read_before_they_are_wanted_and_no_more():
    numbers = Numbers(1_000)
    most = reading_ahead._PIECES_AHEAD

    with read_ahead(numbers.pieces()) as pieces:
        next(pieces)
        # One is on its way, and waits for room.
        assert numbers.wait_until_read(1 + most + 1)
        assert not numbers.wait_until_read(1 + most + 2, seconds=0.1)


def test_why_reading_failed_is_told_behind_what_came():
    with read_ahead(Numbers(9, fails_behind=2).pieces()) as pieces:
        taken = [next(pieces), next(pieces)]
        with pytest.raises(LookupError):
            next(pieces)

    assert taken == [b"0", b"1"]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_who_wants_no_more_has_it_closed_where_it_was_read(count):
    numbers = Numbers(1_000_000)

    def give_up() -> None:
        with read_ahead(numbers.pieces()) as pieces:
            for _ in range(count):
                next(pieces)
            raise KeyError

    with pytest.raises(KeyError):
        give_up()

    assert numbers.closed_by == "reading-ahead"
    assert numbers.count < 100
