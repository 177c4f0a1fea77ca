"""Dashboards as they are kept: made, changed, shared and deleted by their owner."""

from collections.abc import Callable
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from db.models.view import DashboardRow
from db.postgres.violations import translate_violations
from services.analytics.dashboards import rows
from services.analytics.dashboards.model import (
    Card,
    Dashboard,
    DashboardDraft,
    check_cards,
    checked,
)
from services.analytics.dashboards.storing import (
    cards_to_json,
    filter_to_json,
    read_cards,
)
from services.core import audit, throttling
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict
from services.core.sentences import Sentence

# Of one person, whose page shows all of them.
MOST_DASHBOARDS: Final = 50
_NAME_ONCE: Final = "dashboards_name_once"


class DashboardNameTaken(Conflict):
    """The person has another dashboard with this name already."""

    property_name = "name"

    def __init__(self, name: str) -> None:
        super().__init__(
            Sentence(
                "You already have a dashboard called “{name}”. Choose another name.",
                name=name,
            )
        )


class DashboardChanged(Conflict):
    """The dashboard was changed after it was opened, by its owner elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            "This dashboard was changed in another window. Open it again, then repeat "
            "your change."
        )


class TooManyDashboards(Conflict):
    """The person has as many dashboards as a person may have."""

    def __init__(self) -> None:
        super().__init__(
            Sentence(
                "You have {most} dashboards, which is the maximum. Delete one, then "
                "create another.",
                most=MOST_DASHBOARDS,
            )
        )


def list_dashboards(session: Session, actor: Actor) -> tuple[Dashboard, ...]:
    """Return the actor's own dashboards, then those shared with them, by name.

    Raises NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    dashboards = session.scalars(
        select(DashboardRow)
        .where(~DashboardRow.is_home, rows.is_readable(actor.id))
        .order_by(DashboardRow.owner_id != actor.id, func.lower(DashboardRow.name))
    ).all()
    owners = rows.find_owners(session, actor.id, dashboards)
    return tuple(rows.dashboard_of(row, owners) for row in dashboards)


def get_dashboard(session: Session, actor: Actor, dashboard_id: UUID) -> Dashboard:
    """Return a dashboard that is the actor's own or shared with them.

    Raises NotFound, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    row = session.scalars(
        select(DashboardRow).where(
            DashboardRow.id == dashboard_id,
            ~DashboardRow.is_home,
            rows.is_readable(actor.id),
        )
    ).one_or_none()
    if row is None:
        raise rows.not_found()
    return rows.dashboard_of(row, rows.find_owners(session, actor.id, [row]))


def create(session: Session, actor: Actor, draft: DashboardDraft) -> Dashboard:
    """Keep a new dashboard for the actor; the caller commits.

    Raises DashboardNameTaken, TooManyDashboards, InvalidInput, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    draft = checked(draft)
    throttling.await_turn(session, actor, "dashboards")
    own = and_(DashboardRow.owner_id == actor.id, ~DashboardRow.is_home)
    if session.scalars(select(func.count()).where(own)).one() >= MOST_DASHBOARDS:
        raise TooManyDashboards
    row = DashboardRow(
        owner_id=actor.id,
        name=draft.name,
        description=draft.description,
        shown=filter_to_json(draft.filter),
        cards=cards_to_json(draft.cards),
    )
    with translate_violations(session, _taken(draft.name)):
        session.add(row)
    session.refresh(row)
    _record(session, actor, Action.DASHBOARD_SAVE, row, name=[None, row.name])
    return rows.dashboard_of(row)


def change(
    session: Session,
    actor: Actor,
    dashboard_id: UUID,
    draft: DashboardDraft,
    *,
    version: int,
) -> Dashboard:
    """Change one of the actor's dashboards to the draft; the caller commits.

    `version` is the one that the actor has seen. Raises DashboardChanged,
    DashboardNameTaken, InvalidInput, NotFound, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    draft = checked(draft)
    row = rows.get_own(session, actor.id, dashboard_id, locks=True)
    if row.version != version:
        raise DashboardChanged
    before = row.name
    with translate_violations(session, _taken(draft.name)):
        row.name = draft.name
        row.description = draft.description
        row.shown = filter_to_json(draft.filter)
        row.cards = cards_to_json(draft.cards)
        rows.mark_changed(row)
    session.refresh(row)
    changed = {"name": [before, row.name]} if before != row.name else {}
    _record(session, actor, Action.DASHBOARD_CHANGE, row, **changed)
    return rows.dashboard_of(row)


def add_card(
    session: Session, actor: Actor, dashboard_id: UUID, card: Card
) -> Dashboard:
    """Add a card at the end of one of the actor's dashboards; the caller commits.

    Raises InvalidInput if the dashboard is full, NotFound, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    row = rows.get_own(session, actor.id, dashboard_id, locks=True)
    cards = check_cards((*read_cards(row.cards), card))
    row.cards = cards_to_json(cards)
    rows.mark_changed(row)
    session.flush()
    session.refresh(row)
    _record(session, actor, Action.DASHBOARD_CHANGE, row)
    return rows.dashboard_of(row)


def delete(session: Session, actor: Actor, dashboard_id: UUID) -> None:
    """Delete one of the actor's dashboards, for everybody with whom it was shared.

    The caller commits. Raises NotFound, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    row = rows.get_own(session, actor.id, dashboard_id)
    session.delete(row)
    session.flush()
    _record(session, actor, Action.DASHBOARD_DELETE, row, name=[row.name, None])


def _taken(name: str) -> dict[str, Callable[[], Exception]]:
    return {_NAME_ONCE: partial(DashboardNameTaken, name)}


def _record(
    session: Session, actor: Actor, action: Action, row: DashboardRow, **changed: object
) -> None:
    details = {"changed": changed} if changed else None
    audit.record(session, actor, action, subject=("dashboard", row.id), details=details)
