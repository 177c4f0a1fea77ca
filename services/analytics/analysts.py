"""The people who count cohorts, by name: analysts share what they make with them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.user import User
from db.models.view import DashboardRow, SavedView
from db.postgres import assume_role
from services.core.actors import Actor, Permission, Role
from services.core.errors import Conflict, InvalidInput


@dataclass(frozen=True, slots=True)
class Analyst:
    """Somebody with whom an analyst can share what they have made."""

    id: UUID
    name: str


class SharingChanged(Conflict):
    """Its readers were chosen anew after it was opened, by its owner elsewhere."""

    def __init__(self) -> None:
        super().__init__(
            "Who can open this was changed in another window. Reload the page, then "
            "repeat your change; nothing was changed."
        )


def list_analysts(session: Session, actor: Actor) -> tuple[Analyst, ...]:
    """Return the other people who count cohorts, by name; raises NotAllowed."""
    actor.require(Permission.COUNT_COHORTS)
    # Analysts see no other account; the names of active analysts are no secret among
    # them.
    with assume_role(session, "system"):
        analysts = session.execute(
            select(User.id, User.name)
            .where(
                User.role == Role.ANALYST,
                User.deactivated_at.is_(None),
                User.id != actor.id,
            )
            .order_by(func.lower(User.name), User.id)
        ).all()
    return tuple(Analyst(*each) for each in analysts)


def require_readers(
    row: DashboardRow | SavedView, seen: tuple[bool, tuple[UUID, ...]]
) -> None:
    """Raise SharingChanged unless a row is shared as somebody has seen it."""
    if seen != (row.is_shared, tuple(row.shared_with)):
        raise SharingChanged


def require_analysts(session: Session, actor: Actor, people: Collection[UUID]) -> None:
    """Raise InvalidInput unless all these people are other users who count cohorts."""
    known = {analyst.id for analyst in list_analysts(session, actor)}
    if not known.issuperset(people):
        raise InvalidInput(
            "people",
            "Somebody you chose may no longer count cohorts. Choose again.",
        )


def find_names(session: Session, people: Collection[UUID]) -> Mapping[UUID, str]:
    """Return the names of people who share something with an analyst."""
    if not people:
        return {}
    # Analysts see no other account.
    with assume_role(session, "system"):
        names = session.execute(select(User.id, User.name).where(User.id.in_(people)))
        return {user_id: name for user_id, name in names}  # noqa: C416 - of rows
