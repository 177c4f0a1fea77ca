"""The servers for programs: how they are and were, what it cost, and what is wrong."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete

from db.models.replication import Alert, ClusterOperation, ReplicationSample
from db.postgres import SYSTEM
from tests.kit import cast
from tests.kit.waiting import eventually

BASE = "/api/v1/replication"


@pytest.fixture
def now():
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def history_options(application, now):
    """Some samples, an operation, an alert that has ended and one that has not."""
    rows = [
        *(
            ReplicationSample(
                resolution=1,
                taken_at=now - timedelta(seconds=second),
                node="db-02",
                role="replica",
                state="streaming on timeline 7",
                replay_lag=float(second),
            )
            for second in range(60, 70)
        ),
        ClusterOperation(
            kind="switchover",
            state="done",
            actor_name=cast.INES.name,
            reason="Testing it.",
            started_at=now - timedelta(hours=1),
            downtime_seconds=1.25,
            phases={"pausing": 0.1},
        ),
        Alert(kind="lag", node="db-02", sentence="Late.", ended_at=now),
        Alert(kind="disk", node="db-01", sentence="Full."),
    ]
    written = application.database.write(lambda s: s.add_all(rows), identity=SYSTEM)
    yield {"headers": {"X-Chartroom-LSN": str(written.lsn)}}
    for table in (ReplicationSample, ClusterOperation, Alert):
        application.database.write(
            lambda s, t=table: s.execute(delete(t)), identity=SYSTEM
        )


def test_the_verdict_comes_with_all_that_is_known_of_every_server(admin):
    # A server's disk is known once it has been asked for the first time.
    body = eventually(
        lambda: admin.get(f"{BASE}/status").json(),
        lambda seen: all(node["disk_free_bytes"] for node in seen["nodes"]),
    )

    assert body["verdict"]["sentence"].startswith(("Safe: ", "At risk: "))
    assert body["acknowledgements"] == 1
    leading = [node for node in body["nodes"] if node["role"] == "primary"]
    assert len(leading) == 1
    for node in body["nodes"]:
        assert node["disk_free_bytes"] > 0
        assert node["version"]
        assert node["latency_seconds"] > 0
        assert node["tags"]["is_delayed"] is False


def test_samples_of_a_span(admin, history_options, now):
    since, until = (
        (now - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for age in (66, 62)
    )

    body = admin.get(
        f"{BASE}/samples?from={since}&to={until}", **history_options
    ).json()
    whole = f"{BASE}/samples?from={since}&to={until}&points=2"
    coarse = admin.get(whole, **history_options).json()["samples"]

    assert [sample["replay_lag"] for sample in body["samples"]] == [66, 65, 64, 63]
    assert 1 <= len(coarse) <= 2
    assert {sample["node"] for sample in coarse} == {"db-02"}


def test_history_and_alerts(admin, history_options, now):
    (operation,) = admin.get(f"{BASE}/history", **history_options).json()["operations"]
    every = admin.get(f"{BASE}/alerts", **history_options).json()["alerts"]
    (is_open,) = admin.get(f"{BASE}/alerts?is_open=true", **history_options).json()[
        "alerts"
    ]
    before = (now - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    older = admin.get(f"{BASE}/history?before={before}", **history_options).json()
    odd = admin.get(
        f"{BASE}/history?before=2020-01-01T00:00:00%2B23:00", **history_options
    )

    assert operation["downtime_seconds"] == 1.25
    assert operation["phases"] == {"pausing": 0.1}
    assert {alert["sentence"] for alert in every} == {"Late.", "Full."}
    assert is_open["sentence"] == "Full."
    assert older == odd.json() == {"operations": []}


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("samples?from=2026-11-20T10:00:00", "from"),
        ("samples?to=2026-11-20T10:00:00", "to"),
        ("samples?to=0001-01-01T00:00:00Z", "to"),
        ("history?before=0001-01-01T00:00:00%2B23:00", "before"),
        ("samples?from=2026-11-20T10:00:00Z&to=2026-11-20T09:00:00Z", "until"),
        ("samples?points=1", "points"),
        ("history?before=2026-11-20T10:00:00", "before"),
        ("history?limit=0", "limit"),
        ("alerts?limit=201", "limit"),
    ],
    ids=[
        "no zone",
        "no zone either",
        "before time",
        "before all time",
        "backwards",
        "one point",
        "no zone of history",
        "no history",
        "too many alerts",
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(admin, path, named):
    answer = admin.get(f"{BASE}/{path}")

    assert answer.status_code == 400
    assert named in answer.text
