"""Rows of dashboards: who may read them, and what a reader sees of them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from db.models.view import DashboardRow
from services.analytics import analysts
from services.analytics.dashboards.model import Dashboard, DashboardDraft
from services.analytics.dashboards.storing import read_cards, read_filter
from services.core.errors import NotFound


def get_own(
    session: Session, owner_id: UUID, dashboard_id: UUID, *, locks: bool = False
) -> DashboardRow:
    """Return the row of a person's own dashboard; raises NotFound."""
    own = select(DashboardRow).where(
        DashboardRow.id == dashboard_id,
        DashboardRow.owner_id == owner_id,
        ~DashboardRow.is_home,
    )
    row = session.scalars(own.with_for_update() if locks else own).one_or_none()
    if row is None:
        raise not_found()
    return row


def not_found() -> NotFound:
    """Return the refusal for a dashboard that does not exist for the person."""
    return NotFound(
        "There is no such dashboard, or it is no longer shared with you. It may have "
        "been deleted."
    )


def is_readable(reader_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a dashboard is the reader's or shared with them."""
    return or_(
        DashboardRow.owner_id == reader_id,
        DashboardRow.is_shared,
        DashboardRow.shared_with.contains([reader_id]),
    )


def find_owners(
    session: Session, reader_id: UUID, dashboards: Sequence[DashboardRow]
) -> Mapping[UUID, str]:
    """Return the names of the other people who own these dashboards."""
    others = {row.owner_id for row in dashboards} - {reader_id}
    return analysts.find_names(session, others)


def dashboard_of(
    row: DashboardRow, owners: Mapping[UUID, str] | None = None
) -> Dashboard:
    """Return a dashboard; `owners` are the names of owners other than the reader."""
    return Dashboard(
        id=row.id,
        draft=DashboardDraft(
            name=row.name,
            description=row.description,
            filter=read_filter(row.shown),
            cards=read_cards(row.cards),
        ),
        owner=(owners or {}).get(row.owner_id, ""),
        version=row.version,
        is_shared=row.is_shared,
        shared_with=tuple(row.shared_with),
        changed_at=row.changed_at,
    )


def mark_changed(row: DashboardRow) -> None:
    """Mark a row as changed; whoever has read it before has an old version."""
    row.version += 1
    row.changed_at = func.now()
