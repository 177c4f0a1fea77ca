"""The servers' past month: lag, load and disk space, and two incidents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Server:
    """A server as it is when the past is invented; `disk_free` is in bytes."""

    name: str
    is_primary: bool
    disk_free: int | None


# Load follows the clinic's day, and lag follows the load. Nine days ago the second
# replica fell behind for a while, sixteen days ago it was away.
_SAMPLES: Final = text("""
INSERT INTO replication_samples (
    resolution, taken_at, node, role, state, timeline, write_lag, flush_lag, replay_lag,
    replay_lag_max, lag_bytes, lag_bytes_max, wal_rate, connections, disk_free,
    retained_bytes)
SELECT :resolution, at, :node,
    CASE WHEN NOT is_away THEN CASE WHEN :is_primary THEN 'primary' ELSE 'replica' END
    END,
    CASE WHEN is_away THEN 'not answering'
        WHEN :is_primary THEN 'leading on timeline 1'
        ELSE 'streaming on timeline 1' END,
    CASE WHEN NOT is_away THEN 1 END,
    lag * 0.4, lag * 0.6, lag, lag * (1.3 + noise), (lag * wal)::bigint,
    (lag * wal * 1.4)::bigint,
    CASE WHEN :is_primary THEN wal END,
    CASE WHEN NOT is_away THEN (6 + busy * (14 + 6 * noise))::integer END,
    CASE WHEN NOT is_away THEN :disk_free
        + (extract(epoch FROM now() - at) / 86400.0 * :daily)::bigint END,
    CASE WHEN :is_primary THEN (wal * (4 + 60 * noise * noise))::bigint END
FROM (
    SELECT *, 60000.0 + 900000.0 * busy * (0.5 + noise) AS wal,
        CASE WHEN :is_primary OR is_away THEN NULL
            WHEN is_behind THEN 14.0 + 8.0 * noise
            ELSE 0.002 + 0.018 * busy * (0.3 + noise)
                + CASE WHEN noise > 0.995 THEN 0.4 * noise ELSE 0 END
        END AS lag
    FROM (
        SELECT at, greatest(0.06, CASE WHEN extract(isodow FROM local) = 7 THEN 0.12
                ELSE sin(pi() * least(1.0, greatest(0.0,
                    (extract(hour FROM local) + extract(minute FROM local) / 60.0 - 7.0)
                    / 12.0))) END)::double precision AS busy,
            (abs(hashtextextended(:node || at::text, 0)) % 1000)
                / 1000.0::double precision AS noise,
            :is_troubled AND at >= :behind_at
                AND at < :behind_at + interval '45 minutes' AS is_behind,
            :is_troubled AND at >= :away_at
                AND at < :away_at + interval '30 minutes' AS is_away
        FROM (
            SELECT at, at AT TIME ZONE :zone AS local
            FROM generate_series(
                date_bin(make_interval(secs => :resolution),
                    CAST(:since AS timestamptz), 'epoch'),
                CAST(:until AS timestamptz),
                make_interval(secs => :step)) AS at
        ) AS clock
    ) AS load
) AS state
ON CONFLICT DO NOTHING
""")
_ALERTS: Final = text("""
INSERT INTO alerts (kind, node, began_at, ended_at, value, worst, sentence)
VALUES
    ('lag', :node, CAST(:behind_at AS timestamptz) + interval '5 minutes',
        CAST(:behind_at AS timestamptz) + interval '47 minutes', 14.2, 21.8,
        :behind),
    ('replica-gone', :node, CAST(:away_at AS timestamptz) + interval '1 minute',
        CAST(:away_at AS timestamptz) + interval '31 minutes', 1, 1, :away)
""")
# Twelve days ago the web servers were restarted.
_AVAILABILITY: Final = text("""
INSERT INTO availability_samples (
    starts_at, up_seconds, down_seconds, web_down_seconds, database_down_seconds)
SELECT at, 300 - down, down, down, 0
FROM (
    SELECT at, CASE WHEN at >= :restart_at AND at < :restart_at + interval '5 minutes'
        THEN 42 ELSE 0 END AS down
    FROM generate_series(
        date_bin('5 minutes', CAST(:since AS timestamptz), 'epoch'),
        CAST(:until AS timestamptz) - interval '5 minutes', interval '5 minutes') AS at
) AS span
ON CONFLICT DO NOTHING
""")
_DAILY_BYTES: Final = 45 * MEGABYTE
# As samples are kept (see services.cluster.monitoring.samples), but no more of them
# than charts can show: the resolution and the step in seconds, and for how long.
_SPANS: Final = ((300, 900, timedelta(days=30)), (10, 60, timedelta(days=1)))
_TIMES: Final = text("""
SELECT date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE :zone)
        AT TIME ZONE :zone - interval '9 days' + interval '11 hours' AS behind_at,
    date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE :zone)
        AT TIME ZONE :zone - interval '16 days' + interval '20 hours' AS away_at,
    date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE :zone)
        AT TIME ZONE :zone - interval '12 days' + interval '21 hours' AS restart_at
""")


def write(
    session: Session, servers: Sequence[Server], now: datetime, zone: str
) -> None:
    """Write the samples and alerts of the month until now; the caller commits."""
    times = session.execute(_TIMES, {"now": now, "zone": zone}).one()._asdict()
    replicas = [server.name for server in servers if not server.is_primary]
    troubled = replicas[-1] if replicas else None
    for resolution, step, span in _SPANS:
        for server in servers:
            given = {
                "resolution": resolution,
                "step": step,
                "since": now - span,
                "until": now,
                "node": server.name,
                "is_primary": server.is_primary,
                "disk_free": server.disk_free,
                "daily": _DAILY_BYTES,
                "is_troubled": server.name == troubled,
                "zone": zone,
            }
            session.execute(_SAMPLES, given | times)
    period = {"since": now - timedelta(days=30), "until": now}
    session.execute(_AVAILABILITY, period | times)
    if troubled is not None:
        words = {
            "behind": f"{troubled} is 14 s behind.",
            "away": f"{troubled} is not answering.",
        }
        session.execute(_ALERTS, {"node": troubled, **words, **times})
