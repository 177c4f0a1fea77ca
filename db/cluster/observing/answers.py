"""What a server reports of itself and of its followers, in one answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from db.postgres import Lsn
from db.postgres.watching import leadership
from db.postgres.watching.nodes import Role

# Where Patroni undoes a pause, a pause is made by a delay longer than anybody waits.
_PAUSED_SECONDS: Final = 86_400.0

_MORE: Final = """
    extract(epoch FROM clock_timestamp())::float8,
    current_setting('server_version'),
    pg_postmaster_start_time(),
    recovering AND pg_is_wal_replay_paused(),
    CASE WHEN recovering THEN pg_last_xact_replay_timestamp() END,
    extract(epoch FROM current_setting('recovery_min_apply_delay')::interval)::float8,
    current_setting('max_connections')::int,
    current_setting('synchronous_standby_names'),
    current_setting('data_directory', true),
    (SELECT sum(conflicts)::bigint FROM pg_stat_database),
    (SELECT json_build_object(
        'open', count(*),
        'pool_open', count(*) FILTER (WHERE application_name = 'chartroom'),
        'pool_busy', count(*) FILTER (
            WHERE application_name = 'chartroom' AND state <> 'idle'),
        'longest', extract(epoch FROM max(clock_timestamp() - xact_start)))
     FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
    (SELECT json_build_object(
        'status', status, 'slot', slot_name, 'written', written_lsn,
        'host', sender_host, 'port', sender_port)
     FROM pg_stat_wal_receiver),
    (SELECT json_agg(json_build_object(
        'name', application_name, 'slot', slot_name, 'state', state,
        'sync', sync_state, 'written', write_lsn, 'flushed', flush_lsn,
        'replayed', replay_lsn,
        'write', extract(epoch FROM write_lag),
        'flush', extract(epoch FROM flush_lag),
        'replay', extract(epoch FROM replay_lag)))
     FROM pg_stat_replication
     LEFT JOIN pg_replication_slots ON active_pid = pid),
    (SELECT json_agg(json_build_object(
        'name', slot_name, 'active', active, 'status', wal_status,
        'retained', greatest(0, pg_wal_lsn_diff(
            CASE WHEN recovering THEN pg_last_wal_replay_lsn()
                 ELSE pg_current_wal_lsn() END, restart_lsn))))
     FROM pg_replication_slots WHERE restart_lsn IS NOT NULL)
"""
QUESTION: Final = leadership.question(_MORE)


@dataclass(frozen=True, slots=True)
class Sender:
    """A server's view of a follower that it sends its log to."""

    name: str
    slot: str | None
    state: str
    sync: str | None
    written: Lsn | None
    flushed: Lsn | None
    replayed: Lsn | None
    write_seconds: float | None
    flush_seconds: float | None
    replay_seconds: float | None


@dataclass(frozen=True, slots=True)
class Receiver:
    """The WAL receiver of a replica, and where it receives from."""

    status: str
    slot: str | None
    written: Lsn | None
    place: tuple[str, str]


@dataclass(frozen=True, slots=True)
class KeptLog:
    """A replication slot as its server reports it."""

    name: str
    is_active: bool
    status: str | None
    retained_bytes: int


@dataclass(frozen=True, slots=True)
class Activity:
    """The connections of people and programs, and the longest open transaction."""

    open: int
    pool_open: int
    pool_busy: int
    longest_seconds: float | None


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """All that a server reported; times are epoch seconds, `queried_at` monotonic."""

    queried_at: float
    role: Role
    lsn: Lsn
    received: Lsn | None
    timeline: int
    clock: float
    version: str
    started_at: datetime
    is_replay_paused: bool
    replayed_until: datetime | None
    delay_seconds: float
    connections_max: int
    synchronous: str
    data_directory: str | None
    conflicts: int | None
    activity: Activity
    receiver: Receiver | None
    senders: tuple[Sender, ...]
    slots: tuple[KeptLog, ...]
    # How long the answer took; the difference of the clocks is known to half of that.
    latency_seconds: float
    skew_seconds: float

    @property
    def acknowledgements(self) -> int:
        """How many replicas a commit waits for."""
        if not self.synchronous.strip():
            return 0
        counted = re.match(r"\s*(?:ANY|FIRST)?\s*(\d+)\s*\(", self.synchronous, re.I)
        return int(counted[1]) if counted else 1


def read(
    row: tuple[Any, ...], queried_at: float, *, answered_at: float, skew_at: float
) -> ServerAnswer:
    """Parse the row; `skew_at` is our clock halfway through the query (epoch)."""
    activity, receiver, senders, slots = row[14:]
    return ServerAnswer(
        queried_at=queried_at,
        role="replica" if row[0] else "primary",
        lsn=Lsn.parse(row[1] or "0/0"),
        received=_lsn(row[2]),
        timeline=row[3],
        clock=row[4],
        version=str(row[5]).split()[0],
        started_at=row[6],
        is_replay_paused=row[7] or row[9] >= _PAUSED_SECONDS,
        replayed_until=row[8],
        delay_seconds=row[9],
        connections_max=row[10],
        synchronous=row[11],
        data_directory=row[12],
        conflicts=row[13],
        activity=_activity(activity),
        receiver=_receiver(receiver) if receiver else None,
        senders=tuple(_sender(entry) for entry in senders or ()),
        slots=tuple(_kept(entry) for entry in slots or ()),
        latency_seconds=answered_at - queried_at,
        skew_seconds=row[4] - skew_at,
    )


def _activity(fields: Mapping[str, Any]) -> Activity:
    return Activity(
        fields["open"], fields["pool_open"], fields["pool_busy"], fields["longest"]
    )


def _kept(fields: Mapping[str, Any]) -> KeptLog:
    retained = int(fields["retained"])
    return KeptLog(fields["name"], fields["active"], fields["status"], retained)


def _receiver(fields: Mapping[str, Any]) -> Receiver:
    place = (fields["host"] or "", str(fields["port"] or ""))
    return Receiver(
        fields["status"] or "", fields["slot"], _lsn(fields["written"]), place
    )


def _sender(fields: Mapping[str, Any]) -> Sender:
    return Sender(
        fields["name"],
        fields["slot"],
        fields["state"] or "",
        fields["sync"],
        _lsn(fields["written"]),
        _lsn(fields["flushed"]),
        _lsn(fields["replayed"]),
        fields["write"],
        fields["flush"],
        fields["replay"],
    )


def _lsn(text: str | None) -> Lsn | None:
    return Lsn.parse(text) if text else None
