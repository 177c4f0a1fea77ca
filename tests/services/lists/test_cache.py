"""A cache region: what it keeps, for how long, and from whom."""

import time
import weakref
from datetime import UTC, datetime
from itertools import count

import pytest

from db.postgres import BEYOND, Lsn, Read, Served
from db.postgres.listening import ChangeMark
from services.lists.cache import CacheRegion, ExpiringValue
from tests.kit.change_listening import FakeChangeListener

_SERVED = Served("one", "replica", 0.0, datetime(2026, 11, 21, tzinfo=UTC))
_WANTED = "doctors"


@pytest.fixture
def listener() -> FakeChangeListener:
    return FakeChangeListener()


@pytest.fixture
def region(listener: FakeChangeListener) -> CacheRegion[int]:
    """A region that drops its content when the test announces a change."""
    return CacheRegion("numbers", seconds=60, most=2, changes=listener)


class Reading:
    """Reads another number each time, and remembers the freshness it was asked for."""

    def __init__(self, lasts_seconds: float | None = None) -> None:
        self.freshness: list[Lsn | None] = []
        self._lasts_seconds = lasts_seconds
        self._numbers = count(1)

    def __call__(self, fresh_at: Lsn | None) -> Read[ExpiringValue[int]]:
        self.freshness.append(fresh_at)
        return Read(ExpiringValue(next(self._numbers), self._lasts_seconds), _SERVED)


def _look(region, reading, wanted=_WANTED, after=None) -> int:
    return region.look(wanted, reading, after).value


def test_what_was_read_is_kept_until_a_change_is_told_of(region, listener):
    reading = Reading()

    assert [_look(region, reading) for _ in range(2)] == [1, 1]
    listener.receive(Lsn(7))
    assert [_look(region, reading) for _ in range(2)] == [2, 2]
    assert reading.freshness == [None, Lsn(7)]


def test_what_the_log_had_before_it_could_be_seen_is_dropped_when_it_is_told(
    region, listener
):
    """A commit is in the log for a moment before the primary shows it."""
    reading = Reading()
    listener.receive(Lsn(7))
    _look(region, reading)

    listener.receive(Lsn(7))

    assert _look(region, reading) == 2


def test_while_nothing_can_be_heard_nothing_is_kept(region, listener):
    reading = Reading()
    listener.close()

    assert [_look(region, reading) for _ in range(2)] == [1, 2]


@pytest.mark.parametrize(
    "meanwhile",
    [lambda listener: listener.receive(Lsn(0)), FakeChangeListener.close],
    ids=["told", "lost"],
)
def test_what_is_told_or_not_heard_while_it_is_read_keeps_it_from_being_kept(
    region, listener, meanwhile
):
    """A replica may have answered in place of a lost primary, and lack some changes."""
    reading, mark = Reading(), listener.mark

    def interrupted(fresh_at):
        meanwhile(listener)
        return reading(fresh_at)

    assert _look(region, interrupted) == 1
    listener.mark = mark
    assert _look(region, reading) == 2


def test_who_wrote_is_read_to_anew_once_and_others_are_shown_what_is_kept(
    region, listener
):
    reading = Reading()
    listener.receive(Lsn(7))
    _look(region, reading)

    assert [_look(region, reading, after=Lsn(9)) for _ in range(2)] == [2, 2]
    assert _look(region, reading) == 1
    assert _look(region, reading, after=Lsn(7)) == 1
    assert reading.freshness == [Lsn(7), Lsn(9)]


def test_what_somebody_pretends_to_have_written_hides_nothing_from_who_wrote(region):
    reading = Reading()
    _look(region, reading, after=Lsn(1_000_000))

    assert _look(region, reading, after=Lsn(9)) == 2


def test_who_does_not_know_where_their_write_is_is_shown_nothing_that_is_kept(region):
    reading = Reading()

    assert [_look(region, reading, after=BEYOND) for _ in range(2)] == [1, 2]


def test_on_another_timeline_nothing_is_known(region, listener):
    reading = Reading()
    _look(region, reading)
    before = listener.mark

    listener.mark = ChangeMark(before.count, before.position, "00000002")

    assert _look(region, reading) == 2


@pytest.mark.parametrize(
    ("lasts_seconds", "later", "seen"),
    [
        (None, 59, 1),
        (None, 61, 2),
        (5, 4, 1),
        (5, 6, 2),
        (600, 61, 2),
        (0, 0, 2),
        (None, -3600, 2),
    ],
    ids=["young", "old", "true", "over", "too long", "never", "set back"],
)
def test_a_thing_lasts_as_long_as_its_region_lets_it_and_as_it_is_true(
    region, monkeypatch, lasts_seconds, later, seen
):
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    reading = Reading(lasts_seconds)
    _look(region, reading)

    monkeypatch.setattr(time, "time", lambda: now + later)

    assert _look(region, reading) == seen


def test_of_too_many_the_one_that_was_not_used_for_longest_is_dropped(region):
    reading = Reading()
    for wanted in ("one", "other", "one", "third"):
        _look(region, reading, wanted)

    assert _look(region, reading, "one") == 1
    assert _look(region, reading, "other") == 4


def test_what_is_too_old_is_let_go_of_when_something_else_is_kept(monkeypatch):
    region: CacheRegion[Reading] = CacheRegion("things", seconds=60)
    now = time.time()
    held = weakref.ref(
        region.look("old", lambda _: Read(ExpiringValue(Reading()), _SERVED)).value
    )
    monkeypatch.setattr(time, "time", lambda: now + 61)
    # It is there until then: old entries are only dropped on the next look-up.
    assert held() is not None

    region.look("new", lambda _: Read(ExpiringValue(Reading()), _SERVED))

    assert held() is None


def test_what_has_no_name_is_not_kept(region):
    reading = Reading()

    assert [_look(region, reading, wanted=None) for _ in range(2)] == [1, 2]


def test_without_changes_to_hear_of_a_region_keeps_by_time_alone():
    region: CacheRegion[int] = CacheRegion("numbers", seconds=60)
    reading = Reading()

    assert [_look(region, reading) for _ in range(2)] == [1, 1]
    assert [_look(region, reading, after=Lsn(9)) for _ in range(2)] == [2, 2]
    assert reading.freshness == [None, Lsn(9)]
