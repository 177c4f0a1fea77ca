"""Thins out samples: fine ones for an hour, ever coarser ones for a month."""

from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.cluster.monitoring.samples import KEPT_FOR, Resolution

# Samples that are still being gathered are left for the next time.
_GATHERING_SECONDS: Final = 30
_COARSER: Final = (
    (Resolution.FINE, Resolution.MIDDLE),
    (Resolution.MIDDLE, Resolution.COARSE),
)
# Of a span, the means, the worst, and the state in words at its worst: a replica that
# was away for one second of ten was not streaming all the time.
_THIN: Final = text("""
WITH span AS (
    SELECT coalesce(max(taken_at) + make_interval(secs => :coarse),
                    '-infinity'::timestamptz) AS since,
           date_bin(make_interval(secs => :coarse),
                    now() - make_interval(secs => :settled), 'epoch') AS until
    FROM replication_samples WHERE resolution = :coarse
)
INSERT INTO replication_samples (
    resolution, taken_at, node, role, state, timeline, write_lag, flush_lag, replay_lag,
    replay_lag_max, lag_bytes, lag_bytes_max, wal_rate, connections, disk_free,
    retained_bytes)
SELECT :coarse, date_bin(make_interval(secs => :coarse), taken_at, 'epoch'), node,
    min(role),
    coalesce(max(state) FILTER (
        WHERE state NOT LIKE 'streaming on timeline %'
        AND state NOT LIKE 'leading on timeline %'), max(state)),
    max(timeline), avg(write_lag), avg(flush_lag), avg(replay_lag),
    max(replay_lag_max), avg(lag_bytes::float8), max(lag_bytes_max), avg(wal_rate),
    max(connections), min(disk_free), max(retained_bytes)
FROM replication_samples, span
WHERE resolution = :fine AND taken_at >= since AND taken_at < until
GROUP BY 2, 3
ON CONFLICT DO NOTHING
""")
_FORGET: Final = text("""
DELETE FROM replication_samples
WHERE resolution = :resolution AND taken_at < now() - make_interval(secs => :kept)
""")


def thin(session: Session) -> None:
    """Sum up complete spans, and delete old samples; for the background.

    It can be called as often as needed: every ten seconds, or after a day without.
    """
    for fine, coarse in _COARSER:
        parameters: dict[str, Any] = {"fine": fine, "coarse": coarse}
        session.execute(_THIN, parameters | {"settled": _GATHERING_SECONDS})
    for resolution, kept in KEPT_FOR.items():
        session.execute(
            _FORGET, {"resolution": resolution, "kept": kept.total_seconds()}
        )
