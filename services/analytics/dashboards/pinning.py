"""The cards that somebody has pinned to Home: a dashboard of its own."""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models.view import DashboardRow
from db.postgres.violations import violated
from services.analytics.dashboards import rows
from services.analytics.dashboards.model import MOST_PINNED, Card, check_cards
from services.analytics.dashboards.storing import cards_to_json, read_cards
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action

_ONE_HOME: Final = "dashboards_one_home"
# Nobody sees it: Home is not listed among the dashboards.
_HOME_NAME: Final = "Home"


def find_pinned(session: Session, actor: Actor) -> tuple[Card, ...]:
    """Return the cards on the actor's Home; raises NotAllowed."""
    actor.require(Permission.COUNT_COHORTS)
    row = session.scalars(select(DashboardRow).where(_is_home_of(actor))).one_or_none()
    return () if row is None else read_cards(row.cards)


def pin(session: Session, actor: Actor, card: Card) -> None:
    """Add a card at the end of those on the actor's Home; the caller commits.

    Raises InvalidInput if no more cards can be pinned, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    row = _home_of(session, actor)
    cards = check_cards((*read_cards(row.cards), card), most=MOST_PINNED)
    _keep_pinned(session, actor, row, cards)


def unpin(session: Session, actor: Actor, card_id: UUID) -> None:
    """Take a card off the actor's Home; the caller commits.

    Nothing happens if it is not there. Raises NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    row = _home_of(session, actor)
    left = tuple(card for card in read_cards(row.cards) if card.id != card_id)
    _keep_pinned(session, actor, row, left)


def _keep_pinned(
    session: Session, actor: Actor, row: DashboardRow, cards: tuple[Card, ...]
) -> None:
    row.cards = cards_to_json(cards)
    rows.mark_changed(row)
    session.flush()
    subject = ("dashboard", row.id)
    audit.record(session, actor, Action.DASHBOARD_CHANGE, subject=subject)


def _home_of(session: Session, actor: Actor) -> DashboardRow:
    """Return the row of the actor's pinned cards, locked, creating it if need be."""
    find = select(DashboardRow).where(_is_home_of(actor)).with_for_update()
    row = session.scalars(find).one_or_none()
    if row is not None:
        return row
    row = DashboardRow(owner_id=actor.id, name=_HOME_NAME, is_home=True)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        if violated(error) != _ONE_HOME:
            raise
        return session.scalars(find).one()
    session.refresh(row)
    return row


def _is_home_of(actor: Actor) -> ColumnElement[bool]:
    return and_(DashboardRow.owner_id == actor.id, DashboardRow.is_home)
