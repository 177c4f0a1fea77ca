"""What was observed of the servers is stored, thinned out, and read for charts."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select

from db.models.replication import Alert, ClusterOperation, Drill, ReplicationSample
from services.cluster import monitoring
from services.cluster.monitoring import Sample
from services.core.errors import InvalidInput, NotFound
from tests.db.cluster.observing.snapshots import primary, replica, silent, snapshot


@pytest.fixture
def now():
    """The current second: samples are forgotten by the database's clock."""
    return datetime.now(UTC).replace(microsecond=0)


def minutes_before(now, minutes):
    whole = now.replace(second=0, minute=now.minute // 5 * 5)
    return whole - timedelta(minutes=minutes)


STREAMING = "streaming on timeline 7"


def evenly(_second):
    return 1.0


def keep(session, seconds, *, begin, lag=evenly, state=STREAMING):
    monitoring.record(
        session,
        [
            Sample(
                begin + timedelta(seconds=second),
                "db-02",
                "replica",
                state,
                7,
                replay_lag=lag(second),
                replay_lag_max=lag(second),
            )
            for second in range(seconds)
        ],
    )


def kept(session, resolution):
    row = ReplicationSample
    rows = session.execute(
        select(row.taken_at, row.replay_lag, row.replay_lag_max, row.state)
        .where(row.resolution == resolution)
        .order_by(row.taken_at)
    )
    return [tuple(row) for row in rows]


def test_every_server_of_a_snapshot_has_a_sample_of_the_second(session, now):
    seen = snapshot(
        primary(wal_bytes_per_second=5.0),
        replica(lag=2.5, missing=100),
        silent(),
        taken_at=now + timedelta(microseconds=987),
    )

    for _ in range(2):
        monitoring.record(session, monitoring.samples_of(seen))

    rows = session.scalars(
        select(ReplicationSample).order_by(ReplicationSample.node)
    ).all()
    assert [(row.node, row.role, row.replay_lag, row.lag_bytes) for row in rows] == [
        ("db-01", "primary", None, None),
        ("db-02", "replica", 2.5, 100),
        ("db-03", None, None, None),
    ]
    assert {row.taken_at for row in rows} == {now}
    assert (rows[0].wal_rate, rows[2].state) == (5.0, "not answering")


def test_an_hour_of_seconds_is_summed_up_with_its_worst(session, now):
    begin = minutes_before(now, 10)
    keep(session, 300, begin=begin, lag=lambda second: float(second % 10))

    monitoring.thin(session)
    monitoring.thin(session)

    assert kept(session, 10)[0] == (begin, 4.5, 9.0, STREAMING)
    assert len(kept(session, 10)) == 30
    assert kept(session, 300) == [(begin, 4.5, 9.0, STREAMING)]


def test_who_was_away_for_a_second_was_not_streaming_all_the_time(session, now):
    begin = minutes_before(now, 10)
    keep(session, 9, begin=begin)
    away = begin + timedelta(seconds=9)
    keep(session, 1, begin=away, state="not answering")

    monitoring.thin(session)

    assert [row[3] for row in kept(session, 10)] == ["not answering"]


@pytest.mark.parametrize(
    ("resolution", "age"),
    [
        (1, timedelta(hours=1)),
        (10, timedelta(days=1)),
        (300, timedelta(days=30)),
    ],
    ids=["seconds", "tens", "minutes"],
)
def test_each_resolution_is_kept_for_its_time(session, resolution, age, now):
    for spare in (-900, 900):
        session.execute(
            insert(ReplicationSample).values(
                resolution=resolution,
                taken_at=now - age + timedelta(seconds=spare),
                node="db-02",
                state="streaming on timeline 7",
            )
        )

    monitoring.thin(session)

    assert [row[0] for row in kept(session, resolution)] == [
        now - age + timedelta(seconds=900)
    ]


def test_what_came_late_after_an_outage_is_summed_up_as_well(session, now):
    keep(session, 10, begin=minutes_before(now, 20))
    monitoring.thin(session)
    keep(session, 10, begin=minutes_before(now, 15))

    monitoring.thin(session)

    assert len(kept(session, 10)) == 2


def test_a_chart_has_no_more_points_than_asked_for_and_keeps_the_worst(
    session, admin, now
):
    begin = now - timedelta(minutes=50)
    keep(session, 1000, begin=begin, lag=lambda second: 99.0 if second == 500 else 1.0)

    samples = monitoring.read_samples(
        session, admin, begin, begin + timedelta(seconds=1000), points=100
    )

    assert 90 <= len(samples) <= 100
    assert max(sample.replay_lag_max for sample in samples) == 99
    assert samples[0].taken_at <= begin


def test_a_month_is_read_from_the_coarse_samples(session, admin, now):
    session.execute(
        insert(ReplicationSample),
        [
            {
                "resolution": 300,
                "taken_at": now - timedelta(days=day),
                "node": "db-02",
                "state": "streaming on timeline 7",
            }
            for day in range(1, 29)
        ],
    )
    keep(session, 5, begin=now - timedelta(seconds=10))

    samples = monitoring.read_samples(session, admin, now - timedelta(days=30), now)

    assert len(samples) == 28


@pytest.mark.parametrize(
    ("minutes", "points"),
    [(0, 10), (-5, 10), (5, 1), (5, 2001)],
    ids=["nothing", "backwards", "one point", "too many points"],
)
def test_a_chart_that_makes_no_sense_is_refused(session, admin, minutes, points, now):
    with pytest.raises(InvalidInput):
        monitoring.read_samples(
            session, admin, now, now + timedelta(minutes=minutes), points=points
        )


def test_what_happened_is_marked_on_the_charts(session, admin, now):
    hour = timedelta(hours=1)
    session.add_all(
        [
            ClusterOperation(
                kind="switchover",
                state="done",
                reason="Testing it.",
                started_at=now - 3 * hour,
                ended_at=now - 3 * hour + timedelta(seconds=2),
                former_primary="db-01",
                new_primary="db-02",
                downtime_seconds=1.25,
            ),
            ClusterOperation(kind="restart", state="scheduled", started_at=now),
            Drill(kind="lost-node", state="kept", started_at=now - 2 * hour),
            Alert(kind="lag", node="db-02", began_at=now - 5 * hour, sentence="Late."),
            Alert(
                kind="disk",
                began_at=now - 5 * hour,
                ended_at=now - 4.5 * hour,
                sentence="Full.",
            ),
        ]
    )
    session.flush()

    events = monitoring.list_events(session, admin, now - 4 * hour, now + hour)

    assert [(event.kind, event.label) for event in events] == [
        ("alert", "Late."),
        ("switchover", "Switchover: db-01 to db-02, writers waited 1.2 s"),
        ("drill", "Drill: lost node, kept"),
    ]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.84, "0.8 s"), (18, "18 s"), (121.5, "2 min 1 s"), (4320, "1 h 12 min")],
)
def test_a_failover_back_to_the_same_server_is_marked_as_in_the_history(
    session, admin, now, seconds, said
):
    session.add(
        ClusterOperation(
            kind="failover",
            state="done",
            started_at=now,
            ended_at=now,
            former_primary="db-01",
            new_primary="db-01",
            downtime_seconds=seconds,
        )
    )
    session.flush()

    (event,) = monitoring.list_events(session, admin, now, now + timedelta(hours=1))

    assert event.label == f"Failover: db-01 leads again, writers waited {said}"


def test_history_begins_with_the_newest_and_goes_on(session, admin, now):
    for hours in range(3):
        session.add(
            ClusterOperation(
                kind="restart",
                node=f"db-0{hours}",
                started_at=now - timedelta(hours=hours),
            )
        )
    session.flush()

    first = monitoring.list_operations(session, admin, limit=2)
    rest = monitoring.list_operations(session, admin, before=first[-1].started_at)

    assert [operation.node for operation in first] == ["db-00", "db-01"]
    assert [operation.node for operation in rest] == ["db-02"]
    assert monitoring.get_operation(session, admin, rest[0].id) == rest[0]
    with pytest.raises(NotFound):
        monitoring.get_operation(session, admin, uuid4())


def _drill(now, kind="lost-node", *, begins=-10, ends=20.0, **facts):
    """Return a drill begun before the failover at `now`, which was seen 3 s later."""
    over = None if ends is None else now + timedelta(seconds=ends)
    begun = now + timedelta(seconds=begins)
    state = "running" if ends is None else "kept"
    return Drill(
        kind=kind,
        state=state,
        actor_name="Ines",
        started_at=begun,
        seen_at=begun,
        ended_at=over,
        **facts,
    )


@pytest.mark.parametrize(
    ("facts", "is_of_it"),
    [
        ({"node": "db-01"}, True),
        ({"ends": None, "node": "db-01"}, True),
        # The primary was last seen a moment before the drill began.
        ({"begins": 1, "node": "db-01"}, True),
        ({"node": "db-02"}, False),
        ({"kind": "lost-mongo", "node": "db-01"}, False),
        # It is handed the lead first, then cut off from all others.
        ({"kind": "network-cut", "node": "db-02"}, True),
        ({"kind": "network-cut", "node": "db-01"}, True),
        ({"kind": "network-cut", "node": "db-03"}, False),
        ({"begins": 60, "ends": 90.0, "node": "db-01"}, False),
        ({"begins": -90, "ends": -30.0, "node": "db-01"}, False),
        ({"begins": -900, "ends": None, "node": "db-01"}, False),
        # Nothing has been done to any server yet, or ever was.
        ({"ends": None}, False),
        ({}, False),
    ],
    ids=[
        *("its server", "still running", "begun after the last look"),
        *("another server", "of the files"),
        *("handed the lead", "cut off", "cut off elsewhere"),
        *("later", "earlier", "long abandoned"),
        *("not begun", "broken off before"),
    ],
)
def test_a_failover_that_a_drill_brought_says_so(session, admin, now, facts, is_of_it):
    seen = now + timedelta(seconds=3)
    session.add_all(
        [
            _drill(now, **facts),
            ClusterOperation(
                kind="failover",
                state="done",
                started_at=now,
                seen_at=seen,
                ended_at=seen,
                former_primary="db-01",
                new_primary="db-02",
            ),
        ]
    )
    session.flush()

    (failover,) = monitoring.list_operations(session, admin)

    assert (failover.drill is not None) is is_of_it
    assert monitoring.get_operation(session, admin, failover.id) == failover
    if failover.drill:
        kind = facts.get("kind", "lost-node")
        assert (failover.drill.kind, failover.drill.actor_name) == (kind, "Ines")


def test_what_somebody_asked_for_in_a_drill_is_theirs(session, admin, now):
    requested_by = {"actor_name": "Adam", "reason": "It does not answer"}
    session.add_all(
        [_drill(now), ClusterOperation(kind="failover", started_at=now, **requested_by)]
    )
    session.flush()

    (failover,) = monitoring.list_operations(session, admin)

    assert failover.drill is None


def test_what_nobody_works_on_any_more_has_failed(session, admin, now):
    long_ago = now - timedelta(minutes=3)
    session.add_all(
        [
            ClusterOperation(kind="reinit", node="dead", seen_at=long_ago),
            ClusterOperation(kind="reinit", node="alive"),
            ClusterOperation(
                kind="restart", node="done", state="done", seen_at=long_ago
            ),
        ]
    )
    session.flush()

    assert monitoring.close_abandoned(session) == 1

    session.expire_all()
    operations = monitoring.list_operations(session, admin)
    assert {operation.node: operation.state for operation in operations} == {
        "dead": "failed",
        "alive": "running",
        "done": "done",
    }
    (dead,) = (each for each in operations if each.node == "dead")
    # Where pages and programs look for it.
    assert dead.result["sentence"] == "Whoever did it went away before it was done."


def test_another_leader_is_noticed_by_the_timeline():
    before = snapshot(primary(), replica())
    now = snapshot(silent("db-01"), primary("db-02", timeline=8))

    change = monitoring.leader_change(before, now)

    assert (change.former_primary, change.new_primary) == ("db-01", "db-02")
    assert (change.former_timeline, change.new_timeline) == (7, 8)
    assert monitoring.leader_change(before, before) is None
    assert monitoring.leader_change(before, snapshot(silent("db-01"))) is None


def test_nothing_is_kept_when_nothing_was_seen(session):
    monitoring.record(session, [])

    assert session.scalar(select(func.count()).select_from(ReplicationSample)) == 0
