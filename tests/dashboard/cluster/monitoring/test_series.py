"""Points for charts, and the strips made of them."""

from dataclasses import replace
from datetime import timedelta
from math import isnan

import pytest

from dashboard.cluster.charts import series
from dashboard.cluster.charts.heat_strip import GONE, binned
from dashboard.ui.clock import off_axis, on_axis
from services.cluster.monitoring import Sample
from tests.dashboard.cluster.monitoring.samples import (
    AT,
    delayed,
    lost,
    primary,
    replica,
    snapshot,
)


def kept(seconds: float, node: str = "db-02", lag: float = 1.0) -> Sample:
    at = AT + timedelta(seconds=seconds)
    return Sample(at, node, "replica", "", replay_lag=lag, replay_lag_max=lag)


def test_what_nobody_watched_is_filled_from_what_was_kept():
    remembered = series.of_snapshots([snapshot(primary(), replica("db-02", 2.0))])
    samples = series.of_samples([kept(-2), kept(-1), kept(0)])

    whole = series.filled(remembered, samples)

    lags = whole.frame[whole.frame["node"] == "db-02"]["replay"].tolist()
    assert lags == [1.0, 1.0, 2.0]


def test_a_chart_goes_on_from_memory_where_nothing_could_be_kept():
    remembered = series.of_snapshots([snapshot(primary(), replica("db-02", 2.0))])

    whole = series.joined(series.of_samples([kept(-9), kept(-8)]), remembered)

    assert whole.frame["replay"].dropna().tolist() == [1.0, 1.0, 2.0]


def test_a_delayed_standby_counts_from_its_delay():
    points = series.of_snapshots([snapshot(primary(), delayed())]).frame

    assert points[points["node"] == "db-04"]["replay"].tolist() == [0.0]


def test_of_another_site_is_shown_what_the_primary_tells():
    site = replica("site north", 2.0, site="north", is_answering=False)

    points = series.of_snapshots([snapshot(primary(), site)])

    north = points.frame[points.frame["node"] == "site north"]
    assert north["replay"].tolist() == [2.0]


def lags_with_breaks(*samples: Sample) -> list[tuple[float, str, float | None]]:
    """Return seconds since AT, server and lag of each row of the lines, in order."""
    rows = series.of_samples(samples).frame[["at", "node", "replay"]]
    shown = series.with_breaks(rows, by="node")
    return [
        ((off_axis(at) - AT).total_seconds(), node, None if isnan(lag) else lag)
        for at, node, lag in shown.to_numpy().tolist()
    ]


def test_a_line_breaks_where_nothing_was_sampled():
    """A clinic that was down for an hour was drawn as one that fell behind."""
    before, after = range(20), range(3600, 3620)
    lines = lags_with_breaks(*(kept(at) for at in (*before, *after)))

    assert [row for row in lines if row[2] is None] == [(3599, "db-02", None)]
    assert len(lines) == 41


def test_a_line_does_not_break_where_its_rows_become_more():
    """The newest looks are a second apart; the samples before them were combined."""
    combined = [kept(at) for at in range(0, 800, 8)]
    newest = [kept(at) for at in range(800, 1000)]
    late = [kept(1004)]

    assert all(
        row[2] is not None for row in lags_with_breaks(*combined, *newest, *late)
    )


def test_each_server_has_breaks_of_its_own():
    led = [kept(at, "db-03") for at in (*range(10), *range(60, 70))]
    lines = lags_with_breaks(*(kept(at) for at in range(70)), *led)

    assert [row[:2] for row in lines if row[2] is None] == [(59, "db-03")]


def test_a_strip_shows_the_worst_of_each_step():
    points = series.of_samples([kept(0, lag=0.1), kept(1, lag=3.0), kept(60, lag=0.1)])

    assert binned(points, 30_000)["how"].tolist() == ["up to 10 s", "up to 0.5 s"]


def test_a_strip_shows_silence_even_if_it_was_short():
    looks = [snapshot(primary(), replica("db-02")), snapshot(primary(), lost("db-02"))]

    assert binned(series.of_snapshots(looks), 60_000)["how"].tolist() == [GONE]


def test_the_steps_of_a_strip_are_counted_back_from_the_last_one():
    points = series.of_samples([kept(0), kept(5), kept(70), kept(31, "db-03")])

    steps = binned(points, 30_000)[["node", "steps_back"]]

    assert steps.to_numpy().tolist() == [["db-02", 2], ["db-02", 0], ["db-03", 1]]


def test_a_strip_that_moves_along_is_as_long_as_before():
    points = series.of_samples([kept(at) for at in (0, 30, 60)])

    assert binned(points, 30_000, most=2)["steps_back"].tolist() == [1, 0]


def test_a_place_on_the_axis_is_the_moment_it_shows():
    assert off_axis(on_axis(AT)) == AT


def looks_at(*seconds: float) -> series.Looks:
    seen = snapshot(primary(), replica("db-02", 2.0))
    looks = series.Looks.of(
        [replace(seen, taken_at=AT + timedelta(seconds=at)) for at in seconds]
    )
    assert looks
    return looks


def test_whoever_looks_at_the_same_time_is_shown_the_same_points():
    points = series.of_looks(looks_at(100, 101))

    assert series.of_looks(looks_at(100, 101)) is points
    assert series.of_looks(looks_at(100, 102)) is not points
    assert series.of_looks(looks_at(101)).frame["at"].tolist()[0] > on_axis(AT)


def test_whoever_asks_earlier_or_later_is_shown_the_same_until_the_next_look():
    length = timedelta(seconds=2)

    early, late = looks_at(0, 1, 2, 3), looks_at(1, 2, 3)

    assert early.in_the_last(length) == late.in_the_last(length) == looks_at(1, 2, 3)


@pytest.mark.parametrize(
    ("seconds", "whole"),
    [((1, 2, 3), True), ((1, 3, 4), True), ((1, 7), False), ((6, 7), False)],
    ids=["each second", "one was late", "a gap", "not from the beginning"],
)
def test_memory_is_whole_where_this_server_has_looked_all_the_time(seconds, whole):
    length = timedelta(seconds=seconds[-1])

    assert series.is_whole(looks_at(*seconds), length) is whole


def test_who_led_for_a_part_of_the_time_is_named_with_its_gap():
    led = [
        Sample(AT + timedelta(seconds=second), "db-02", "primary", "")
        for second in (10, 40)
    ]
    always = Sample(AT, "db-01", "primary", "")
    points = series.of_samples([kept(0), *led, kept(60), always])

    assert series.led_meanwhile(points) == (
        ("db-02", led[0].taken_at, led[1].taken_at),
    )


def test_nobody_led_meanwhile_where_all_stayed_what_they_are():
    assert series.led_meanwhile(series.of_samples([kept(0), kept(1)])) == ()
    assert series.led_meanwhile(series.NOTHING) == ()
