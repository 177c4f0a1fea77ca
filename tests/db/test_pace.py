"""The pace of work that nobody waits for."""

import io

import pytest

from db.pace import AT_ONCE, Pace, PacedReader


class Clock:
    """A clock that advances when somebody works or sleeps."""

    def __init__(self):
        self.now = 100.0
        self.rests = []

    def __call__(self):
        return self.now

    def work(self, seconds):
        self.now += seconds

    def sleep(self, seconds):
        self.rests.append(round(seconds, 6))
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


def paced(clock, share):
    return Pace(share, sleep=clock.sleep, clock=clock)


def test_the_rest_of_the_time_belongs_to_others(clock):
    pace = paced(clock, 0.25)

    for _ in range(3):
        clock.work(0.1)
        pace.rest()

    assert clock.rests == [0.3] * 3


def test_short_pieces_are_counted_together(clock):
    pace = paced(clock, 0.5)

    for _ in range(5):
        clock.work(0.02)
        pace.rest()

    assert clock.rests == [0.06]


def test_what_took_long_is_not_rested_from_for_as_long(clock):
    pace = paced(clock, 0.1)

    clock.work(60)
    pace.rest()

    assert clock.rests == [2.0]


def test_rests_end_where_the_work_would_take_too_long(clock):
    pace = Pace(0.5, longest_rests=0.5, sleep=clock.sleep, clock=clock)

    for _ in range(5):
        clock.work(0.2)
        pace.rest()

    assert clock.rests == [0.2] * 3


def test_work_that_may_have_all_of_the_time_never_rests(clock):
    pace = paced(clock, 1.0)

    clock.work(60)
    pace.rest()

    assert clock.rests == []
    assert AT_ONCE.share == 1


@pytest.mark.parametrize("share", [0, -0.5, 1.5])
def test_a_share_in_which_nothing_would_be_done_is_refused(share):
    with pytest.raises(ValueError, match="more than 0, at most 1"):
        Pace(share)


def test_a_stream_rests_before_each_piece(clock):
    pace = paced(clock, 0.5)
    reader = PacedReader(io.BytesIO(b"abcdef"), pace)

    clock.work(0.1)
    assert reader.read(4) == b"abcd"
    clock.work(0.2)
    assert reader.read() == b"ef"

    assert clock.rests == [0.1, 0.2]
