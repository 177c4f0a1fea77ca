"""What more people need, computed from what a crowd has printed."""

import pytest

from benchmarks.growth import crowds_in, need

PRINTED = """30 people, 10 s of thought:
  runs: ours 4.5 /s, peer 4.8 /s, ratio 0.93
1,000 people, 60 s of thought:
  open, 95 %: ours 1,130.7 ms, peer 70.0 ms, ratio 1.87 (bar: ratio 1.5)
  runs: ours 20.0 /s, peer 13.4 /s, ratio 0.93
  processor a run: ours 20.0 ms, peer 14.5 ms, ratio 1.40 (bar: 12 ms)
  processor an opened page: ours 36.0 ms, peer 16.9 ms, ratio 1.72 (bar: 40 ms)
  memory a page: ours 100.0 kB, peer 42.6 kB, ratio 1.46
  round trips to PostgreSQL a rerun: ours 6.0
ours, when all had gone: -1 threads
"""


def test_every_crowd_of_a_text_is_found_with_its_figures():
    small, large = crowds_in(PRINTED)

    assert (small.people, small.think_seconds) == (30, 10)
    assert large.people == 1000
    assert large.figures["open, 95 %"] == 1130.7
    # 20 runs a second by 1,000 people who take a step every 60 seconds.
    assert large.runs_a_step == pytest.approx(1.2)


def test_ten_times_the_people_who_think_half_as_long_run_twenty_times_as_often():
    _, measured = crowds_in(PRINTED)

    needed = need(measured, 10_000, 30)

    assert needed.runs_a_second == pytest.approx(400)
    # 400 runs of 20 ms and 2.8 openings of 36 ms in each second.
    assert needed.busy_cores == pytest.approx(8.1)
    assert needed.processes == 17
    assert needed.memory_bytes == pytest.approx(17 * 300e6 + 10_000 * 100e3)
    assert needed.connections == 17 * 15
    assert needed.round_trips_a_second == pytest.approx(2400)
