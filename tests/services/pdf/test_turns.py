"""Few files are read at once, and nobody's slow ones keep out other people."""

import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Thread

import pytest

from services.pdf.inspecting import Busy, PdfInspector
from services.pdf.turns import Turns
from tests.kit.waiting import eventually
from tests.services.pdf import samples

ROSA, MAYA, OTTO = "Rosa", "Maya", "Otto"
LETTER, SCAN = 20_000, 40_000_000
SLOW = samples.nested_forms(40)


class Clock:
    """A clock that only moves when a test moves it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def turns(clock) -> Turns:
    return Turns(2, clock)


def read(turns, clock, person, seconds):
    with turns.taken(person, LETTER, 1):
        clock.now += seconds


def is_let_in(turns, person) -> bool:
    try:
        with turns.taken(person, LETTER, 0.01):
            return True
    except Busy:
        return False


def test_so_many_files_are_read_at_once(turns):
    with turns.taken(ROSA, LETTER, 1), turns.taken(MAYA, LETTER, 1):
        assert not is_let_in(turns, OTTO)
    assert is_let_in(turns, OTTO)


def test_nobody_has_all_turns(turns):
    with turns.taken(ROSA, LETTER, 1):
        assert not is_let_in(turns, ROSA)
        assert is_let_in(turns, MAYA)


def test_with_one_processor_there_is_a_turn_for_everybody():
    turns = Turns(1)

    assert is_let_in(turns, ROSA)


def test_people_whose_files_are_slow_leave_a_turn_to_others(turns, clock):
    for person in (ROSA, MAYA):
        read(turns, clock, person, seconds=20)

    with turns.taken(ROSA, LETTER, 1):
        assert not is_let_in(turns, MAYA)
        assert is_let_in(turns, OTTO)


def test_what_takes_long_just_now_counts_already(turns, clock):
    read(turns, clock, ROSA, seconds=20)

    with turns.taken(MAYA, LETTER, 1):
        clock.now += 10
        assert not is_let_in(turns, ROSA)


def test_after_some_minutes_a_slow_file_is_forgotten(turns, clock):
    for person in (ROSA, MAYA):
        read(turns, clock, person, seconds=20)
    clock.now += 600

    with turns.taken(ROSA, LETTER, 1):
        assert is_let_in(turns, MAYA)


@pytest.mark.parametrize(
    ("first", "second", "order"),
    [
        ((ROSA, LETTER), (MAYA, LETTER), [MAYA, ROSA]),
        ((OTTO, SCAN), (MAYA, LETTER), [MAYA, OTTO]),
        ((OTTO, LETTER), (MAYA, LETTER), [OTTO, MAYA]),
    ],
    ids=["who used least", "the small file", "who came first"],
)
def test_who_is_next(turns, clock, first, second, order):
    read(turns, clock, ROSA, seconds=2)
    came = []

    def wait(person, size):
        with turns.taken(person, size, 60):
            came.append(person)

    threads = [Thread(target=wait, args=request) for request in (first, second)]
    with turns.taken("a", LETTER, 1):
        with turns.taken("b", LETTER, 1):
            for number, thread in enumerate(threads, start=1):
                thread.start()
                eventually(lambda number=number: len(turns._waiting) == number)
                clock.now += 0.1
        # One turn is free: the threads get it one after the other.
        for thread in threads:
            thread.join()

    assert came == order


def test_a_flood_of_slow_files_keeps_out_nobody_else():
    letter = samples.letter("Still read")
    with closing(PdfInspector(seconds=3)) as inspector, ThreadPoolExecutor(20) as pool:
        flood = [
            pool.submit(inspector.examine, io.BytesIO(SLOW), person=ROSA)
            for _ in range(20)
        ]
        eventually(lambda: inspector._turns._waiting)
        read = [
            inspector.examine(io.BytesIO(letter), person=person).text
            for person in (MAYA, OTTO, MAYA)
        ]
        is_over = all(each.done() for each in flood)

    assert read == [("Still read",)] * 3
    assert not is_over
