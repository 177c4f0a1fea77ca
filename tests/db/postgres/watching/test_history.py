"""Lag, measured by the observed positions of the primary."""

import pytest

from db.postgres import Lsn
from db.postgres.watching.history import WalHistory


@pytest.fixture
def history():
    history = WalHistory()
    for seen_at, position in [(10.0, 100), (11.0, 100), (12.0, 150), (15.0, 200)]:
        history.note(1, Lsn(position), seen_at)
    return history


@pytest.mark.parametrize(
    ("replayed", "at", "seconds"),
    [(200, 16.0, 0.0), (250, 16.0, 0.0), (150, 16.0, 1.0), (120, 16.0, 4.0)],
    ids=["all of it", "more than was seen", "all but the last", "half of a step"],
)
def test_a_replica_lags_since_the_primary_went_past_it(history, replayed, at, seconds):
    assert history.seconds_behind(Lsn(replayed), at) == seconds


def test_an_idle_primary_makes_no_lag(history):
    assert history.seconds_behind(Lsn(200), 1000.0) == 0.0


def test_bytes_behind_never_go_below_zero(history):
    assert history.bytes_behind(Lsn(150)) == 50
    assert history.bytes_behind(Lsn(300)) == 0


def test_nothing_is_known_before_a_primary_was_seen():
    assert WalHistory().seconds_behind(Lsn(1), 5.0) is None
    assert WalHistory().bytes_behind(Lsn(1)) is None


def test_a_promotion_starts_anew_and_a_former_primary_is_not_listened_to(history):
    history.note(2, Lsn(180), 20.0)
    history.note(1, Lsn(999), 21.0)

    assert history.bytes_behind(Lsn(180)) == 0
