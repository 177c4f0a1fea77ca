"""Samples of what may have happened to the servers, for tests of the cluster pages."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.models.replication import (
    Alert,
    AvailabilitySample,
    ClusterOperation,
    Drill,
    DrillPlan,
    ReplicationSample,
)
from tests.kit import cast

# All tables that record what happened.
EVERYTHING = (
    AvailabilitySample,
    ReplicationSample,
    ClusterOperation,
    Alert,
    Drill,
    DrillPlan,
)


def now() -> datetime:
    """Return the current time: pages show at most the last hour."""
    return datetime.now(UTC)


def keep(kept: Session, *rows: Any) -> None:
    """Store these rows."""
    kept.add_all(rows)
    kept.commit()


def shown(app: AppTest, key: str) -> Any:
    """Return the data that a component of ours was given to draw."""
    (part,) = [element for element in app.get("bidi_component") if element.key == key]
    return json.loads(part.proto.bytes)


def charts_of(app: AppTest) -> list[str]:
    """Return the description of each chart for those who cannot see it."""
    return [chart.proto.alt for chart in app.get("vega_lite_chart")]


def said(parts: Any) -> str:
    """Return the text of these parts of a page, as people read it."""
    return " ".join(element.value for element in parts).replace("\\", "")


def sample(minutes: float, node: str = "db-02", **facts: Any) -> ReplicationSample:
    """Return a sample of a replica from this many minutes ago."""
    given = {"resolution": 1, "role": "replica", "state": "streaming on timeline 1"}
    lag = {"replay_lag": 0.2, "replay_lag_max": 0.4}
    at = now() - timedelta(minutes=minutes)
    return ReplicationSample(taken_at=at, node=node, **given | lag | facts)


def operation(**facts: Any) -> ClusterOperation:
    """Return a switchover that somebody has practised."""
    began = now()
    given = {
        "kind": "switchover",
        "state": "done",
        "actor_name": cast.INES.name,
        "reason": "Tuesday practice",
        "started_at": began,
        "ended_at": began + timedelta(seconds=3),
        "former_primary": "db-01",
        "new_primary": "db-02",
        "former_timeline": 1,
        "new_timeline": 2,
        "downtime_seconds": 0.84,
        "lost_bytes": 0,
        "lost_writes": 0,
        "phases": {"pausing": 0.2, "handing_over": 0.64},
        "result": {"steps": [{"seconds": 0.2, "sentence": "Asked Patroni"}]},
    }
    return ClusterOperation(**given | facts)


def late(**facts: Any) -> Alert:
    """Return an alert about a lagging replica."""
    given = {"kind": "lag", "node": "db-03", "worst": 19.4}
    return Alert(sentence="db-03 is 12 s behind.", **given | facts)
