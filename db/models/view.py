"""Criteria behind an opaque key, the names people give them, and dashboards."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    Text,
    Uuid,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey


class StoredCriteria(Base):
    """The criteria of one list; a URL carries the key and never the values.

    The key is random: a digest of the values could be guessed from a browser's history.
    `digest` (SHA-256 of the canonical JSON) is only used to find an equal list again.
    """

    __tablename__ = "stored_criteria"

    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
    subject: Mapped[str]
    criteria: Mapped[dict[str, Any]]
    created_by: Mapped[UUID]
    created_at: Mapped[CreatedAt]
    used_at: Mapped[CreatedAt]


class SavedView(Base):
    """A person's own name for a list.

    A cohort or a query may be shared with all who count cohorts, or with certain
    people.
    """

    __tablename__ = "saved_views"
    __table_args__ = (
        CheckConstraint("char_length(name) BETWEEN 1 AND 60", name="saved_views_name"),
        CheckConstraint(
            "cardinality(columns) BETWEEN 1 AND 50", name="saved_views_columns_some"
        ),
        CheckConstraint(
            "char_length(description) <= 300", name="saved_views_description"
        ),
        CheckConstraint(
            "subject IN ('cohorts', 'queries') OR NOT is_shared AND shared_with = '{}'",
            name="saved_views_questions_are_shared",
        ),
    )

    id: Mapped[PrimaryKey]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    subject: Mapped[str]
    name: Mapped[str]
    criteria_key: Mapped[str] = mapped_column(
        ForeignKey("stored_criteria.key"), index=True
    )
    created_at: Mapped[CreatedAt]
    # The columns that its table shows, in this order; otherwise those of its owner.
    columns: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    description: Mapped[str] = mapped_column(server_default="")
    is_shared: Mapped[bool] = mapped_column(server_default=false())
    shared_with: Mapped[list[UUID]] = mapped_column(
        ARRAY(Uuid), server_default=text("'{}'")
    )


class ListColumns(Base):
    """The columns, in order, that a person's lists of a kind show."""

    __tablename__ = "list_columns"
    __table_args__ = (
        CheckConstraint(
            "cardinality(columns) BETWEEN 1 AND 50", name="list_columns_some"
        ),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))


class DashboardRow(Base):
    """Cards with figures on one page; with `is_home`, those on its owner's Home.

    `shown` is the filter over all cards, and `shared_with` are people who may read it.
    """

    __tablename__ = "dashboards"
    __table_args__ = (
        CheckConstraint("char_length(name) BETWEEN 1 AND 60", name="dashboards_name"),
        CheckConstraint(
            "char_length(description) <= 300", name="dashboards_description"
        ),
        CheckConstraint(
            "jsonb_typeof(cards) = 'array' AND jsonb_array_length(cards) <= 12",
            name="dashboards_cards",
        ),
        CheckConstraint(
            "NOT is_home OR NOT is_shared AND shared_with = '{}'",
            name="dashboards_home_is_not_shared",
        ),
    )

    id: Mapped[PrimaryKey]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    shown: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    cards: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    is_home: Mapped[bool] = mapped_column(server_default=false())
    is_shared: Mapped[bool] = mapped_column(server_default=false())
    shared_with: Mapped[list[UUID]] = mapped_column(
        ARRAY(Uuid), server_default=text("'{}'")
    )
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[CreatedAt]


class DashboardSubscription(Base):
    """A subscription by mail at set times; one without `next_at` has been stopped.

    It is for a dashboard that somebody made, one that comes with the app, by name
    (`ready`), or a view or cohort that its owner has saved. `day` is a weekday from
    Monday on (0), or a day of the month. `waiting`, `sent` and `failed` count the mails
    of its last run.
    """

    __tablename__ = "dashboard_subscriptions"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(dashboard_id, ready, view_id) = 1",
            name="dashboard_subscriptions_of_one",
        ),
        CheckConstraint(
            "cardinality(recipients) <= 50", name="dashboard_subscriptions_recipients"
        ),
        CheckConstraint(
            "rhythm = 'weekly' AND day BETWEEN 0 AND 6 "
            "OR rhythm = 'monthly' AND day BETWEEN 1 AND 28",
            name="dashboard_subscriptions_day_known",
        ),
        CheckConstraint("hour BETWEEN 0 AND 23", name="dashboard_subscriptions_hour"),
        CheckConstraint(
            "(next_at IS NULL) = (stopped_because IS NOT NULL)",
            name="dashboard_subscriptions_runs_or_stopped",
        ),
        CheckConstraint(
            "stopped_because IN ('person', 'owner', 'dashboard', 'recipients')",
            name="dashboard_subscriptions_stop_known",
        ),
        Index("dashboard_subscriptions_of_owner", "owner_id"),
        Index(
            "dashboard_subscriptions_due",
            "next_at",
            postgresql_where=text("next_at IS NOT NULL"),
        ),
    )

    id: Mapped[PrimaryKey]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    dashboard_id: Mapped[UUID | None]
    ready: Mapped[str | None]
    view_id: Mapped[UUID | None]
    shown: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    recipients: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    rhythm: Mapped[str]
    day: Mapped[int] = mapped_column(SmallInteger)
    hour: Mapped[int] = mapped_column(SmallInteger)
    next_at: Mapped[datetime | None]
    stopped_because: Mapped[str | None]
    ran_at: Mapped[datetime | None]
    waiting: Mapped[int] = mapped_column(server_default=text("0"))
    sent: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[CreatedAt]


class CountAlert(Base):
    """A watched count, whose owner is told once it crosses a line.

    `state` is the latest.
    """

    __tablename__ = "count_alerts"
    __table_args__ = (
        CheckConstraint("char_length(name) BETWEEN 1 AND 60", name="count_alerts_name"),
        CheckConstraint("line >= 2", name="count_alerts_line"),
        CheckConstraint(
            "state IN ('unknown', 'within', 'beyond')", name="count_alerts_state_known"
        ),
        Index("count_alerts_of_owner", "owner_id"),
        Index("count_alerts_due", "next_at"),
        Index("count_alerts_of_criteria", "criteria_key"),
    )

    id: Mapped[PrimaryKey]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    criteria_key: Mapped[str] = mapped_column(ForeignKey("stored_criteria.key"))
    is_above: Mapped[bool]
    line: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'unknown'"))
    next_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    crossed_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class AnalystMail(Base):
    """A dashboard or an alert on its way to one person; gone once sent or given up."""

    __tablename__ = "analyst_mails"
    __table_args__ = (
        CheckConstraint(
            "(subscription_id IS NULL) <> (alert_id IS NULL)",
            name="analyst_mails_of_one",
        ),
        Index("analyst_mails_due", "send_at"),
        Index("analyst_mails_of_subscription", "subscription_id"),
        Index("analyst_mails_of_alert", "alert_id"),
    )

    id: Mapped[PrimaryKey]
    subscription_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("dashboard_subscriptions.id", ondelete="CASCADE")
    )
    alert_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("count_alerts.id", ondelete="CASCADE")
    )
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    subject: Mapped[str]
    body: Mapped[str]
    filename: Mapped[str] = mapped_column(server_default="")
    paper: Mapped[bytes | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    send_at: Mapped[CreatedAt]


Index(
    "dashboards_name_once",
    DashboardRow.owner_id,
    func.lower(DashboardRow.name),
    unique=True,
    postgresql_where=~DashboardRow.is_home,
)
Index(
    "dashboards_one_home",
    DashboardRow.owner_id,
    unique=True,
    postgresql_where=DashboardRow.is_home,
)
Index(
    "saved_views_shared",
    SavedView.subject,
    postgresql_where=text("is_shared OR shared_with <> '{}'"),
)
Index(
    "saved_views_name_once",
    SavedView.owner_id,
    SavedView.subject,
    func.lower(SavedView.name),
    unique=True,
)
