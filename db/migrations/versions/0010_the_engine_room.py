"""The engine room: samples of the servers, what was done to them, drills, alerts.

Only adds, so the previous version runs on.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.rules import ALL, Rules, statements

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_RULES: Final[Rules] = {
    "replication_samples": (("admin", "SELECT", "true"), ("system", ALL, "true")),
    "cluster_operations": (
        ("admin", "SELECT, INSERT, UPDATE", "true"),
        ("system", ALL, "true"),
    ),
    "drills": (("admin", "SELECT, INSERT", "true"), ("system", ALL, "true")),
    "drill_plans": (
        ("admin", "SELECT, INSERT, UPDATE, DELETE", "true"),
        ("system", ALL, "true"),
    ),
    "alert_rules": (("admin", "SELECT, UPDATE", "true"), ("system", ALL, "true")),
    "alerts": (
        (
            "admin",
            "SELECT, UPDATE (acknowledged_at, acknowledged_by, acknowledged_by_name)",
            "true",
        ),
        ("system", ALL, "true"),
    ),
    "alert_letters": (("admin", "SELECT", "true"), ("system", ALL, "true")),
    "write_probes": (("system", ALL, "true"),),
}
_ACTS: Final = (
    "kind IN ('switchover', 'failover', 'rejoin', 'reinit', 'restart', 'pause', "
    "'resume', "
    "'settings', 'add-replica', 'remove-replica', 'pause-replay')"
)
_DRILLS: Final = (
    "kind IN ('switchover', 'crash', 'lost-node', 'frozen-node', 'patroni-killed', "
    "'lost-etcd', 'lost-mongo', 'full-disk', 'far-behind', 'network-cut')"
)
_ALERTS: Final = (
    "kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk', "
    "'clock-skew', 'conflict', 'backup-too-old')"
)
_GIGABYTE: Final = 1_000_000_000
# Of each: whether it is on, the bar, for how many seconds, the bar below which it ends,
# for how many seconds.
_ALERT_RULES: Final = (
    ("lag", True, 10.0, 30.0, 2.0, 30.0),
    ("replica-gone", True, 0.0, 30.0, 0.0, 10.0),
    ("slot-retains", True, 2.0 * _GIGABYTE, 60.0, 1.0 * _GIGABYTE, 60.0),
    ("no-quorum", True, 0.0, 15.0, 0.0, 10.0),
    # The share of the disk that is used.
    ("disk", True, 0.9, 60.0, 0.85, 60.0),
    ("clock-skew", True, 1.0, 60.0, 0.5, 60.0),
    ("conflict", True, 0.0, 0.0, 0.0, 300.0),
    ("backup-too-old", False, 93_600.0, 300.0, 93_600.0, 0.0),
)


def upgrade() -> None:
    _create_history()
    _create_alerts()
    for statement in statements(_RULES):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("What happened to the servers is not thrown away.")


def _create_history() -> None:
    op.create_table(
        "replication_samples",
        sa.Column("resolution", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("timeline", sa.Integer(), nullable=True),
        sa.Column("write_lag", sa.Double(), nullable=True),
        sa.Column("flush_lag", sa.Double(), nullable=True),
        sa.Column("replay_lag", sa.Double(), nullable=True),
        sa.Column("replay_lag_max", sa.Double(), nullable=True),
        sa.Column("lag_bytes", sa.BigInteger(), nullable=True),
        sa.Column("lag_bytes_max", sa.BigInteger(), nullable=True),
        sa.Column("wal_rate", sa.Double(), nullable=True),
        sa.Column("connections", sa.Integer(), nullable=True),
        sa.Column("disk_free", sa.BigInteger(), nullable=True),
        sa.Column("retained_bytes", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "role IN ('primary', 'replica')", name="replication_samples_role_known"
        ),
        sa.CheckConstraint(
            "resolution IN (1, 10, 300)", name="replication_samples_resolution_known"
        ),
        sa.PrimaryKeyConstraint(
            "resolution", "taken_at", "node", name=op.f("replication_samples_pkey")
        ),
    )
    op.create_table(
        "cluster_operations",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "state", sa.Text(), server_default=sa.text("'running'"), nullable=False
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column(
            "actor_name", sa.Text(), server_default=sa.text("''"), nullable=False
        ),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column("former_primary", sa.Text(), nullable=True),
        sa.Column("new_primary", sa.Text(), nullable=True),
        sa.Column("former_timeline", sa.Integer(), nullable=True),
        sa.Column("new_timeline", sa.Integer(), nullable=True),
        sa.Column("downtime_seconds", sa.Double(), nullable=True),
        sa.Column("lost_bytes", sa.BigInteger(), nullable=True),
        sa.Column("lost_writes", sa.Integer(), nullable=True),
        sa.Column(
            "phases",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "result",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.CheckConstraint(_ACTS, name="cluster_operations_kind_known"),
        sa.CheckConstraint(
            "state IN ('scheduled', 'running', 'done', 'failed', 'cancelled')",
            name="cluster_operations_state_known",
        ),
        sa.CheckConstraint(
            "char_length(reason) <= 500", name="cluster_operations_reason_length"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("cluster_operations_pkey")),
    )
    op.create_index(
        "cluster_operations_newest", "cluster_operations", ["started_at"], unique=False
    )
    op.create_table(
        "drills",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "state", sa.Text(), server_default=sa.text("'running'"), nullable=False
        ),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column(
            "actor_name", sa.Text(), server_default=sa.text("''"), nullable=False
        ),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column("rto_seconds", sa.Double(), nullable=True),
        sa.Column("rpo_seconds", sa.Double(), nullable=True),
        sa.Column("acknowledged", sa.Integer(), nullable=True),
        sa.Column("lost", sa.Integer(), nullable=True),
        sa.Column("errors", sa.Integer(), nullable=True),
        sa.Column(
            "result",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.CheckConstraint(_DRILLS, name="drills_kind_known"),
        sa.CheckConstraint(
            "state IN ('running', 'kept', 'broken', 'skipped', 'failed')",
            name="drills_state_known",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("drills_pkey")),
    )
    op.create_index("drills_newest", "drills", ["kind", "started_at"], unique=False)
    op.create_table(
        "drill_plans",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "every_days", sa.Integer(), server_default=sa.text("90"), nullable=False
        ),
        sa.Column("next_on", sa.Date(), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(_DRILLS, name="drill_plans_kind_known"),
        sa.CheckConstraint(
            "every_days BETWEEN 1 AND 366", name="drill_plans_every_days_range"
        ),
        sa.PrimaryKeyConstraint("kind", name=op.f("drill_plans_pkey")),
    )
    op.create_table(
        "write_probes",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("writer", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "written_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "writer", "number", name=op.f("write_probes_pkey")
        ),
    )


def _create_alerts() -> None:
    rules = op.create_table(
        "alert_rules",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False
        ),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("for_seconds", sa.Double(), nullable=False),
        sa.Column("clear_threshold", sa.Double(), nullable=False),
        sa.Column("clear_seconds", sa.Double(), nullable=False),
        sa.Column(
            "mail_to",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("webhook_url", sa.Text(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column(
            "revision", sa.Integer(), server_default=sa.text("1"), nullable=False
        ),
        sa.CheckConstraint(_ALERTS, name="alert_rules_kind_known"),
        sa.CheckConstraint(
            "cardinality(mail_to) <= 20", name="alert_rules_mail_to_count"
        ),
        sa.CheckConstraint(
            "for_seconds BETWEEN 0 AND 86400 AND clear_seconds BETWEEN 0 AND 86400",
            name="alert_rules_seconds_range",
        ),
        sa.CheckConstraint(
            "threshold >= 0 AND clear_threshold >= 0 AND clear_threshold <= threshold",
            name="alert_rules_threshold_range",
        ),
        sa.CheckConstraint(
            "webhook_url IS NULL OR char_length(webhook_url) <= 500",
            name="alert_rules_webhook_url_length",
        ),
        sa.PrimaryKeyConstraint("kind", name=op.f("alert_rules_pkey")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=True),
        sa.Column(
            "began_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("worst", sa.Double(), nullable=True),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_by_name", sa.Text(), nullable=True),
        sa.CheckConstraint(_ALERTS, name="alerts_kind_known"),
        sa.PrimaryKeyConstraint("id", name=op.f("alerts_pkey")),
    )
    op.create_index("alerts_newest", "alerts", ["began_at"], unique=False)
    op.create_index(
        "alerts_open_once",
        "alerts",
        ["kind", sa.literal_column("coalesce(node, '')")],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "alert_letters",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("news", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "send_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "attempts", sa.Integer(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "channel IN ('mail', 'webhook')", name="alert_letters_channel_known"
        ),
        sa.CheckConstraint(
            "news IN ('began', 'ended')", name="alert_letters_news_known"
        ),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("alert_letters_alert_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("alert_letters_pkey")),
    )
    op.create_index(
        "alert_letters_once",
        "alert_letters",
        ["alert_id", "news", "channel", "address"],
        unique=True,
    )
    op.create_index(
        "alert_letters_to_send",
        "alert_letters",
        ["send_at"],
        unique=False,
        postgresql_where=sa.text("sent_at IS NULL AND given_up_at IS NULL"),
    )

    op.bulk_insert(
        rules,
        [
            {
                "kind": kind,
                "is_active": is_active,
                "threshold": threshold,
                "for_seconds": for_seconds,
                "clear_threshold": clear_threshold,
                "clear_seconds": clear_seconds,
            }
            for (
                kind,
                is_active,
                threshold,
                for_seconds,
                clear_threshold,
                clear_seconds,
            ) in _ALERT_RULES
        ],
    )
