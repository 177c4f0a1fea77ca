"""A server's state is stated correctly in words, and a lag is never invented."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from db.cluster.observing import states
from db.cluster.observing.answers import Activity, Receiver, ServerAnswer
from db.cluster.observing.lagging import Log
from db.cluster.patroni import PatroniMember
from db.postgres import Lsn

REPLICA = ServerAnswer(
    queried_at=0.0,
    role="replica",
    lsn=Lsn(1000),
    received=Lsn(1000),
    timeline=7,
    clock=0.0,
    version="18.6",
    started_at=datetime(2026, 11, 20, tzinfo=UTC),
    is_replay_paused=False,
    replayed_until=None,
    delay_seconds=0.0,
    connections_max=200,
    synchronous="",
    data_directory=None,
    conflicts=0,
    activity=Activity(1, 0, 0, None),
    receiver=Receiver("streaming", None, Lsn(1000), ("", "")),
    senders=(),
    slots=(),
    latency_seconds=0.001,
    skew_seconds=0.0,
)
PRIMARY = replace(REPLICA, role="primary", received=None, receiver=None)
ALONE = replace(REPLICA, receiver=None)
FORMER = "running as a primary that is no longer one: timeline 6, the cluster is on 7"


@pytest.mark.parametrize(
    ("answer", "timeline", "words"),
    [
        (REPLICA, 7, "streaming on timeline 7"),
        (
            replace(REPLICA, is_replay_paused=True),
            7,
            "streaming on timeline 7, replay paused",
        ),
        (ALONE, 7, "running but not streaming"),
        (
            replace(REPLICA, receiver=replace(REPLICA.receiver, status="waiting")),
            7,
            "running but not streaming: waiting",
        ),
        (
            replace(ALONE, timeline=6),
            7,
            "running but not streaming: timeline 6, the primary is on 7",
        ),
        (ALONE, None, "running on timeline 7, nobody leads"),
        (
            replace(PRIMARY, timeline=6),
            7,
            FORMER,
        ),
    ],
    ids=["well", "paused", "alone", "waiting", "left behind", "leaderless", "former"],
)
def test_a_follower_says_what_it_really_does(answer, timeline, words):
    described = states.of_answering(
        answer, leads=False, timeline=timeline, diverged=None
    )

    assert described == words


def test_who_has_log_beyond_the_end_of_its_timeline_has_diverged():
    ends = {6: Lsn.parse("0/5000148")}
    ahead = replace(ALONE, timeline=6, lsn=Lsn.parse("0/5000200"), received=None)
    before = replace(ahead, lsn=Lsn.parse("0/5000148"))

    assert states.diverged_at(before, 7, ends) is None
    assert states.diverged_at(ahead, 6, ends) is None
    diverged = states.diverged_at(ahead, 7, ends)
    described = states.of_answering(ahead, leads=False, timeline=7, diverged=diverged)
    assert described == "running but diverged at 0/5000148"


@pytest.mark.parametrize(
    ("failure", "state", "words"),
    [
        (None, None, "not answering"),
        (None, "running", "not answering"),
        (None, "creating replica", "being copied anew"),
        (None, "start failed", "does not start"),
        ("starting up", "running", "starting up"),
    ],
    ids=["nothing known", "Patroni is wrong", "copied", "fails", "says so itself"],
)
def test_of_a_silent_server_others_may_know_more(failure, state, words):
    member = PatroniMember("db-02", "replica", state) if state else None

    assert states.of_silent(failure, member) == words


@pytest.mark.parametrize(
    ("synchronous", "number"),
    [
        ("", 0),
        ('ANY 1 ("db-01","db-02")', 1),
        ("FIRST 2 (a, b, c)", 2),
        ("2 (a, b, c)", 2),
        ("*", 1),
        ("db-01", 1),
    ],
    ids=["nobody", "any", "first", "old", "all", "one"],
)
def test_how_many_a_commit_waits_for(synchronous, number):
    assert replace(PRIMARY, synchronous=synchronous).acknowledgements == number


def noted(*positions):
    """Return a log of a primary that was at these positions, a second apart."""
    log = Log()
    for second, position in enumerate(positions):
        log.note(replace(PRIMARY, lsn=Lsn(position), queried_at=float(second)))
    return log


def test_idle_is_no_lag():
    log = noted(*[1000] * 60)

    behind = log.behind(Lsn(1000), 3600.0, reported=12.0, age=3600.0)

    assert (behind.seconds, behind.bytes) == (0.0, 0)


def test_lag_counts_from_when_the_primary_went_further():
    log = noted(1000, 1100, 1200, 1300)

    behind = log.behind(Lsn(1100), 3.0)

    assert (behind.seconds, behind.bytes) == (1.0, 200)


def test_within_a_second_postgresql_knows_better():
    log = noted(1000, 1100)

    assert log.behind(Lsn(1000), 1.0, reported=0.25).seconds == 0.25
    assert log.behind(Lsn(1000), 1.0, reported=300.0).seconds == 1.0


def test_who_was_late_before_anybody_looked_is_as_late_as_its_newest_commit():
    log = noted(1000, *[1000] * 9)

    assert log.behind(Lsn(900), 3.0, age=900.0).seconds == 3.0
    assert log.behind(Lsn(900), 9.0, age=900.0).seconds == 900.0
    assert log.behind(None, 9.0).seconds is None


def test_log_is_counted_by_the_second_and_not_across_a_promotion():
    log = noted(1000, 1500)
    assert log.bytes_per_second == 500

    log.note(replace(PRIMARY, timeline=8, lsn=Lsn(1600), queried_at=2.0))
    log.note(replace(PRIMARY, timeline=8, lsn=Lsn(1610), queried_at=3.0))

    assert log.bytes_per_second == 10
