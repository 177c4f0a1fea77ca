"""A long wait polls less and less often, and still ends soon after the event."""

import pytest

from db.embedded import polling


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(polling, "time", clock)
    return clock


@pytest.mark.parametrize("needed", [0.0, 0.2, 1.0, 5.0, 60.0])
def test_it_is_heard_of_an_eighth_later_at_most(clock: Clock, needed: float):
    assert polling.look_until(
        lambda: clock.now >= needed, seconds=100, longest_pause_seconds=0.5
    )

    assert clock.now - needed <= min(max(0.03, needed / 8), 0.5)


def test_a_minute_is_not_looked_at_more_than_150_times(clock: Clock):
    assert polling.look_until(
        lambda: clock.now >= 60, seconds=100, longest_pause_seconds=0.5
    )

    assert len(clock.pauses) < 150


def test_what_never_comes_is_waited_for_no_longer_than_wanted(clock: Clock):
    assert not polling.look_until(lambda: False, seconds=10, longest_pause_seconds=0.5)

    assert 10 < clock.now <= 10.5
