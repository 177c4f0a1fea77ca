"""What the servers did: samples, changes of leaders, drills, alerts."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, TextList

OPERATION_KINDS = (
    "switchover",
    "failover",
    "rejoin",
    "reinit",
    "restart",
    "pause",
    "resume",
    "settings",
    "add-replica",
    "remove-replica",
    "pause-replay",
)
DRILL_KINDS = (
    "switchover",
    "crash",
    "lost-node",
    "frozen-node",
    "patroni-killed",
    "lost-etcd",
    "lost-mongo",
    "full-disk",
    "far-behind",
    "network-cut",
)
ALERT_KINDS = (
    "lag",
    "replica-gone",
    "slot-retains",
    "no-quorum",
    "disk",
    "clock-skew",
    "conflict",
    "backup-too-old",
    "error-budget",
    "backup-failed",
    "archive-behind",
    "key-kit-old",
    "restore-unproven",
    "backup-copy-behind",
    "backup-damaged",
    "backup-folder-silent",
)


def _kind_in(kinds: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    return f"kind IN ({listed})"


class ReplicationSample(Base):
    """How one server was doing, at one time or over an interval.

    `resolution` is the number of seconds that a row stands for: 1 as observed, 10 and
    300 the mean with the worst value (`*_max`) of the samples that were thinned out.
    Lags are seconds and bytes behind the primary; a primary has none.
    """

    __tablename__ = "replication_samples"
    __table_args__ = (
        CheckConstraint(
            "resolution IN (1, 10, 300)", name="replication_samples_resolution_known"
        ),
        CheckConstraint(
            "role IN ('primary', 'replica')", name="replication_samples_role_known"
        ),
    )

    resolution: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, autoincrement=False
    )
    taken_at: Mapped[datetime] = mapped_column(primary_key=True)
    node: Mapped[str] = mapped_column(primary_key=True)
    # None while it did not answer.
    role: Mapped[str | None]
    state: Mapped[str]
    timeline: Mapped[int | None]
    write_lag: Mapped[float | None]
    flush_lag: Mapped[float | None]
    replay_lag: Mapped[float | None]
    replay_lag_max: Mapped[float | None]
    lag_bytes: Mapped[int | None] = mapped_column(BigInteger)
    lag_bytes_max: Mapped[int | None] = mapped_column(BigInteger)
    # Bytes of log per second, on the primary.
    wal_rate: Mapped[float | None]
    connections: Mapped[int | None]
    disk_free: Mapped[int | None] = mapped_column(BigInteger)
    retained_bytes: Mapped[int | None] = mapped_column(BigInteger)


class AvailabilitySample(Base):
    """For five minutes: the seconds the clinic was up, and which part was down.

    Seconds missing from 300 were not observed.
    """

    __tablename__ = "availability_samples"
    __table_args__ = (
        CheckConstraint(
            "up_seconds BETWEEN 0 AND 300 AND down_seconds BETWEEN 0 AND 300 "
            "AND web_down_seconds BETWEEN 0 AND 300 "
            "AND database_down_seconds BETWEEN 0 AND 300",
            name="availability_samples_seconds_range",
        ),
    )

    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    up_seconds: Mapped[int] = mapped_column(SmallInteger)
    down_seconds: Mapped[int] = mapped_column(SmallInteger)
    web_down_seconds: Mapped[int] = mapped_column(SmallInteger)
    database_down_seconds: Mapped[int] = mapped_column(SmallInteger)


class ClusterOperation(Base):
    """Something done to the servers, or that happened to them, and what it cost.

    Kept for ever. Without an actor nobody requested it: a failover. `phases` are
    seconds by name; `result` holds further measurements. `downtime_seconds` is how long
    writers waited: from the last acknowledged write before to the first after.
    """

    __tablename__ = "cluster_operations"
    __table_args__ = (
        CheckConstraint(
            _kind_in(OPERATION_KINDS), name="cluster_operations_kind_known"
        ),
        CheckConstraint(
            "state IN ('scheduled', 'running', 'done', 'failed', 'cancelled')",
            name="cluster_operations_state_known",
        ),
        CheckConstraint(
            "char_length(reason) <= 500", name="cluster_operations_reason_length"
        ),
        Index("cluster_operations_newest", "started_at"),
    )

    id: Mapped[PrimaryKey]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'running'"))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(server_default=text("''"))
    reason: Mapped[str] = mapped_column(server_default=text("''"))
    started_at: Mapped[CreatedAt]
    scheduled_at: Mapped[datetime | None]
    # Renewed while somebody works on it, so that an abandoned operation shows.
    seen_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None]
    node: Mapped[str | None]
    former_primary: Mapped[str | None]
    new_primary: Mapped[str | None]
    former_timeline: Mapped[int | None]
    new_timeline: Mapped[int | None]
    downtime_seconds: Mapped[float | None]
    lost_bytes: Mapped[int | None] = mapped_column(BigInteger)
    lost_writes: Mapped[int | None]
    phases: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    result: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class Drill(Base):
    """A disaster that was practised, and how it went.

    `rto_seconds` is how long writers waited, `rpo_seconds` the age of the oldest
    acknowledged write that was lost (0 if none), `errors` the errors of readers and
    writers.
    """

    __tablename__ = "drills"
    __table_args__ = (
        CheckConstraint(_kind_in(DRILL_KINDS), name="drills_kind_known"),
        CheckConstraint(
            "state IN ('running', 'kept', 'broken', 'skipped', 'failed')",
            name="drills_state_known",
        ),
        Index("drills_newest", "kind", "started_at"),
    )

    id: Mapped[PrimaryKey]
    kind: Mapped[str]
    # Whether the promise was kept or broken; skipped if it cannot be practised.
    state: Mapped[str] = mapped_column(server_default=text("'running'"))
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(server_default=text("''"))
    started_at: Mapped[CreatedAt]
    seen_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None]
    node: Mapped[str | None]
    rto_seconds: Mapped[float | None]
    rpo_seconds: Mapped[float | None]
    acknowledged: Mapped[int | None]
    lost: Mapped[int | None]
    errors: Mapped[int | None]
    result: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class DrillPlan(Base):
    """How often a drill is due, and when next."""

    __tablename__ = "drill_plans"
    __table_args__ = (
        CheckConstraint(_kind_in(DRILL_KINDS), name="drill_plans_kind_known"),
        CheckConstraint(
            "every_days BETWEEN 1 AND 366", name="drill_plans_every_days_range"
        ),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    every_days: Mapped[int] = mapped_column(server_default=text("90"))
    next_on: Mapped[date]
    reminded_at: Mapped[datetime | None]
    updated_at: Mapped[CreatedAt]


class AlertRule(Base):
    """When an alert begins and ends.

    It begins once the measure has been over `threshold` (seconds, bytes, a share of 1
    or a count, depending on the kind) for `for_seconds`, and ends once it has been
    under `clear_threshold` for `clear_seconds`: two bars, so that it does not flap.
    """

    __tablename__ = "alert_rules"
    __table_args__ = (
        CheckConstraint(_kind_in(ALERT_KINDS), name="alert_rules_kind_known"),
        CheckConstraint(
            "threshold >= 0 AND clear_threshold >= 0 AND clear_threshold <= threshold",
            name="alert_rules_threshold_range",
        ),
        CheckConstraint(
            "for_seconds BETWEEN 0 AND 86400 AND clear_seconds BETWEEN 0 AND 86400",
            name="alert_rules_seconds_range",
        ),
        CheckConstraint("cardinality(mail_to) <= 20", name="alert_rules_mail_to_count"),
        CheckConstraint(
            "webhook_url IS NULL OR char_length(webhook_url) <= 500",
            name="alert_rules_webhook_url_length",
        ),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    threshold: Mapped[float]
    for_seconds: Mapped[float]
    clear_threshold: Mapped[float]
    clear_seconds: Mapped[float]
    mail_to: Mapped[TextList]
    webhook_url: Mapped[str | None]
    updated_at: Mapped[CreatedAt]
    updated_by: Mapped[UUID | None]
    revision: Mapped[int] = mapped_column(server_default=text("1"))


class Alert(Base):
    """Something that was wrong, from when to when; `node` if it concerns one server."""

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint(_kind_in(ALERT_KINDS), name="alerts_kind_known"),
        Index(
            "alerts_open_once",
            "kind",
            text("coalesce(node, '')"),
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("alerts_newest", "began_at"),
    )

    id: Mapped[PrimaryKey]
    kind: Mapped[str]
    node: Mapped[str | None]
    began_at: Mapped[CreatedAt]
    ended_at: Mapped[datetime | None]
    # The measured value when it began, and the worst since.
    value: Mapped[float | None]
    worst: Mapped[float | None]
    sentence: Mapped[str]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None]
    acknowledged_by_name: Mapped[str | None]


class AlertNotification(Base):
    """A change of an alert on its way to somebody, by mail or to a webhook."""

    __tablename__ = "alert_letters"
    __table_args__ = (
        CheckConstraint(
            "channel IN ('mail', 'webhook')", name="alert_letters_channel_known"
        ),
        CheckConstraint("news IN ('began', 'ended')", name="alert_letters_news_known"),
        Index(
            "alert_letters_to_send",
            "send_at",
            postgresql_where=text("sent_at IS NULL AND given_up_at IS NULL"),
        ),
        Index(
            "alert_letters_once", "alert_id", "news", "channel", "address", unique=True
        ),
    )

    id: Mapped[PrimaryKey]
    alert_id: Mapped[UUID] = mapped_column(ForeignKey("alerts.id"))
    news: Mapped[str]
    channel: Mapped[str]
    address: Mapped[str]
    created_at: Mapped[CreatedAt]
    send_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    sent_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]


class WriteProbe(Base):
    """A write that measures: `run_id` is the operation or the drill.

    Every write acknowledged as committed has to be here afterwards.
    """

    __tablename__ = "write_probes"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    writer: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    written_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
