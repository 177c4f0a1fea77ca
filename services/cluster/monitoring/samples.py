"""What is kept of each look at the servers, and for how long."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final

from pydantic_core import to_json
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.cluster.observing import ClusterSnapshot, NodeSnapshot
from db.postgres.watching.nodes import Role


class Resolution(IntEnum):
    """How many seconds a sample covers."""

    FINE = 1
    MIDDLE = 10
    COARSE = 300


KEPT_FOR: Final = MappingProxyType(
    {
        Resolution.FINE: timedelta(hours=1),
        Resolution.MIDDLE: timedelta(days=1),
        Resolution.COARSE: timedelta(days=30),
    }
)


# In one statement, however many have accumulated in an outage.
_KEEP: Final = text(
    "INSERT INTO replication_samples SELECT * "
    "FROM json_populate_recordset(NULL::replication_samples, CAST(:rows AS json)) "
    "ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """The state of one server, at a time or over a span with its worst values.

    Lags are seconds and bytes behind the primary, `*_max` the maximum of the span;
    `wal_rate` is bytes of log a second, on the primary.
    """

    taken_at: datetime
    node: str
    role: Role | None
    state: str
    timeline: int | None = None
    write_lag: float | None = None
    flush_lag: float | None = None
    replay_lag: float | None = None
    replay_lag_max: float | None = None
    lag_bytes: int | None = None
    lag_bytes_max: int | None = None
    wal_rate: float | None = None
    connections: int | None = None
    disk_free: int | None = None
    retained_bytes: int | None = None


def samples_of(snapshot: ClusterSnapshot) -> tuple[Sample, ...]:
    """Return a sample of every server, at a whole second.

    So two workers that watch at once, during an outage, keep one sample and not two.
    """
    taken_at = snapshot.taken_at.replace(microsecond=0)
    return tuple(_sample(node, taken_at) for node in snapshot.nodes)


def record(session: Session, samples: Sequence[Sample]) -> None:
    """Keep samples, except those that exist already. For the background."""
    if samples:
        rows: list[dict[str, Any]] = [
            {"resolution": Resolution.FINE, **asdict(sample)} for sample in samples
        ]
        session.execute(_KEEP, {"rows": to_json(rows).decode()})


def _sample(node: NodeSnapshot, taken_at: datetime) -> Sample:
    return Sample(
        taken_at,
        node.name,
        node.role,
        node.state,
        node.timeline,
        node.write.seconds,
        node.flush.seconds,
        node.replay.seconds,
        node.replay.seconds,
        node.replay.bytes,
        node.replay.bytes,
        node.wal_bytes_per_second,
        node.connections,
        node.disk_free_bytes,
        node.retained_bytes,
    )
