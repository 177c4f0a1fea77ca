"""One sentence says whether the records are safe, why not, and what to do."""

from datetime import timedelta

import pytest

from db.cluster.observing import SlotSnapshot, Tags
from services.cluster.monitoring import verdict
from tests.db.cluster.observing.snapshots import (
    NOON,
    primary,
    replica,
    silent,
    snapshot,
)


def test_all_is_well_in_one_sentence():
    seen = snapshot(primary(), replica(lag=0.4), replica("db-03", lag=0.1))

    judged = verdict(seen)

    assert judged.is_safe
    assert judged.sentence == "Safe: 2 of 2 replicas streaming, 0.4 s behind."
    assert judged.next_action == ""


@pytest.mark.parametrize("is_held", [False, True], ids=["as usual", "held"])
def test_a_standby_that_is_late_on_purpose_counts_on_nobody(is_held):
    tags = Tags(is_delayed=True, delayed_seconds=20)
    late = replica("db-delayed", lag=900, tags=tags, is_replay_paused=is_held)

    judged = verdict(snapshot(primary(), replica(lag=0.1), late))

    assert judged.sentence == "Safe: 2 of 2 replicas streaming, 0.1 s behind."


@pytest.mark.parametrize(
    "site",
    [
        replica("site north", lag=900, sync="async", site="north"),
        silent("site north", site="north"),
    ],
    ids=["behind", "cut off"],
)
def test_nobody_here_counts_on_another_site(site):
    judged = verdict(snapshot(primary(), replica(lag=0.1), site))

    assert judged.sentence == "Safe: 1 of 1 replica streaming, 0.1 s behind."


def test_commits_that_wait_for_nobody_are_safe_but_said():
    judged = verdict(snapshot(primary(), replica(sync="async"), acknowledgements=0))

    assert judged.is_safe
    assert "wait for no replica" in judged.reason


FULL = {"disk_free_bytes": 5, "disk_total_bytes": 100}
AT_RISK = {
    "one replica gone": (
        snapshot(primary(), replica(), silent()),
        "At risk: 1 of 2 replicas streaming: db-03 is not answering.",
        "Start db-03; if it does not follow then, rejoin it.",
    ),
    "a single copy": (
        snapshot(primary(), silent("db-02"), silent()),
        "At risk: no replica is streaming, the newest records are on db-01 only.",
        "Bring db-02 or db-03 back, or rejoin it.",
    ),
    "diverged": (
        snapshot(
            primary(),
            replica(),
            replica(
                "db-03",
                is_streaming=False,
                is_diverged=True,
                state="running but diverged at 0/5000148",
            ),
        ),
        "At risk: db-03 is running but diverged at 0/5000148.",
        "Rejoin db-03: rewind it, or copy it anew.",
    ),
    "too few acknowledge": (
        snapshot(primary(), replica(sync="async"), replica("db-03", sync="potential")),
        "At risk: changes wait for 1 replica, and too few acknowledge them.",
        "Bring",
    ),
    "behind": (
        snapshot(primary(), replica(lag=12), replica("db-03", lag=34)),
        "At risk: db-03 is 34 s behind.",
        "See what keeps db-03 busy",
    ),
    "paused": (
        snapshot(primary(), replica(lag=12, is_replay_paused=True)),
        "At risk: db-02 is 12 s behind: replay is paused.",
        "Resume replay.",
    ),
    "lost slot": (
        snapshot(
            primary(slots=(SlotSnapshot("db_03", False, 9, "lost", "db-03"),)),
            replica(),
        ),
        "At risk: db-01 no longer has the log that db-03 needs.",
        "Copy db-03 anew.",
    ),
    "full disk": (
        snapshot(primary(), replica(**FULL)),
        "At risk: the disk of db-02 is 95% full.",
        "Make room on db-02: a full disk stops it.",
    ),
    "two primaries": (
        snapshot(primary(), primary("db-02", timeline=6)),
        "At risk: db-02 still takes itself for the primary beside db-01.",
        "Stop PostgreSQL on db-02 now",
    ),
    "paused failover": (
        snapshot(primary(), replica(), is_automatic=False),
        "At risk: automatic failover is paused.",
        "Resume it",
    ),
    "silent Patroni": (
        snapshot(primary(), replica(), is_automatic=None, is_patroni_answering=False),
        "At risk: Patroni does not answer, so nobody would take over by itself.",
        "Start Patroni and etcd.",
    ),
    "nobody leads": (
        snapshot(
            silent("db-01"),
            replica(is_streaming=False),
            leaderless_since=NOON - timedelta(seconds=12),
        ),
        "At risk: no server takes changes for 12 s.",
        "Wait: a replica takes over by itself. If none does, fail over by hand.",
    ),
    "nobody may lead": (
        snapshot(silent("db-01"), replica(is_streaming=False), is_automatic=False),
        "At risk: no server takes changes.",
        "Automatic failover is paused: resume it",
    ),
    "nobody answers": (
        snapshot(silent("db-01"), silent("db-02")),
        "At risk: no database server answers.",
        "See whether the machines run",
    ),
    "nobody helps": (
        snapshot(
            silent("db-01"),
            replica(is_streaming=False),
            has_patroni=False,
            is_automatic=None,
            is_patroni_answering=None,
        ),
        "At risk: no server takes changes.",
        "Promote the replica that has most of the log",
    ),
}


@pytest.mark.parametrize("name", AT_RISK)
def test_a_risk_is_named_with_what_to_do(name):
    seen, sentence, next_action = AT_RISK[name]

    judged = verdict(seen)

    assert not judged.is_safe
    assert judged.sentence == sentence
    assert judged.next_action.startswith(next_action)
    assert judged.reason in judged.sentence
