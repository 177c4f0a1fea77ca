"""Criteria behind an opaque key, the names people give them, and dashboards."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
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

    The key is random: a digest of the values could be guessed from a browser's
    history. `digest` (SHA-256 of the canonical JSON) only finds an equal list again.
    """

    __tablename__ = "stored_criteria"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    subject: Mapped[str] = mapped_column(Text)
    criteria: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_by: Mapped[UUID]
    created_at: Mapped[CreatedAt]
    used_at: Mapped[CreatedAt]


class SavedView(Base):
    """A person's own name for a list."""

    __tablename__ = "saved_views"
    __table_args__ = (
        CheckConstraint("char_length(name) BETWEEN 1 AND 60", name="saved_views_name"),
        CheckConstraint(
            "cardinality(columns) BETWEEN 1 AND 50", name="saved_views_columns_some"
        ),
    )

    id: Mapped[PrimaryKey]
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    subject: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    criteria_key: Mapped[str] = mapped_column(
        ForeignKey("stored_criteria.key"), index=True
    )
    created_at: Mapped[CreatedAt]
    # Which columns its table shows, in this order; else those that its owner has.
    columns: Mapped[list[str] | None] = mapped_column(ARRAY(Text))


class ListColumns(Base):
    """Which columns somebody's lists of a kind show, and in which order."""

    __tablename__ = "list_columns"
    __table_args__ = (
        CheckConstraint(
            "cardinality(columns) BETWEEN 1 AND 50", name="list_columns_some"
        ),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
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
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, server_default="")
    shown: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    cards: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    is_home: Mapped[bool] = mapped_column(server_default=false())
    is_shared: Mapped[bool] = mapped_column(server_default=false())
    shared_with: Mapped[list[UUID]] = mapped_column(
        ARRAY(Uuid), server_default=text("'{}'")
    )
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[CreatedAt]
    changed_at: Mapped[CreatedAt]


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
    "saved_views_name_once",
    SavedView.owner_id,
    SavedView.subject,
    func.lower(SavedView.name),
    unique=True,
)
