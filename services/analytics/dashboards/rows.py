"""Rows of dashboards: who may read them, and what they are to whoever does."""

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
    """Return the row of somebody's own dashboard; raises NotFound."""
    own = select(DashboardRow).where(
        DashboardRow.id == dashboard_id,
        DashboardRow.owner_id == owner_id,
        ~DashboardRow.is_home,
    )
    row = session.scalars(own.with_for_update() if locks else own).one_or_none()
    if row is None:
        raise no_such()
    return row


def no_such() -> NotFound:
    """Return what is said of a dashboard that is not there for somebody."""
    return NotFound(
        "There is no such dashboard, or it is not shared with you any more. It may "
        "have been deleted."
    )


def is_readable(reader_id: UUID) -> ColumnElement[bool]:
    """Return which dashboards are somebody's or shared with them."""
    return or_(
        DashboardRow.owner_id == reader_id,
        DashboardRow.is_shared,
        DashboardRow.shared_with.contains([reader_id]),
    )


def find_owners(
    session: Session, reader_id: UUID, dashboards: Sequence[DashboardRow]
) -> Mapping[UUID, str]:
    """Return the names of the others whose dashboards these are."""
    others = {row.owner_id for row in dashboards} - {reader_id}
    return analysts.find_names(session, others)


def dashboard_of(
    row: DashboardRow, owners: Mapping[UUID, str] | None = None
) -> Dashboard:
    """Return a dashboard; `owners` are others by whom it may be."""
    return Dashboard(
        id=row.id,
        draft=DashboardDraft(
            name=row.name,
            description=row.description,
            shown=read_filter(row.shown),
            cards=read_cards(row.cards),
        ),
        owner=(owners or {}).get(row.owner_id, ""),
        version=row.version,
        is_shared=row.is_shared,
        shared_with=tuple(row.shared_with),
        changed_at=row.changed_at,
    )


def touch(row: DashboardRow) -> None:
    """Note that a row has changed; who has looked at it before has an old version."""
    row.version += 1
    row.changed_at = func.now()
