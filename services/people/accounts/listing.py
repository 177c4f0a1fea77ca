"""Who has a sign-in, as administrators see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from db.models.user import Invitation, Passkey, User, UserSession
from services.core.actors import Actor, Permission, Role
from services.core.errors import NotFound, PlaceGone
from services.core.typed_text import tidy
from services.lists.folding import by_name


class AccountStatus(StrEnum):
    """How far somebody has come with their sign-in."""

    INVITED = "invited"
    ACTIVE = "active"
    DEACTIVATED = "deactivated"


@dataclass(frozen=True, slots=True)
class Person:
    """A person with a sign-in; `last_seen_at` is None until they have used it."""

    id: UUID
    name: str
    role: Role
    email: str
    phone_number: str | None
    standing: AccountStatus
    is_demo: bool
    passkeys: int
    created_at: datetime
    last_seen_at: datetime | None
    deactivated_at: datetime | None


class NoSuchPerson(NotFound):
    """No person with the id signs in."""

    def __init__(self) -> None:
        super().__init__("There is no such person; look for the name in the list.")


def list_people(
    session: Session,
    actor: Actor,
    *,
    search: str = "",
    roles: Sequence[Role] = (),
    after: UUID | None = None,
    limit: int = 50,
) -> tuple[Person, ...]:
    """Return the people who sign in, by name; raises NotAllowed.

    `search` is a part of a name or an address. With `after`, those who follow that
    person; raises InvalidInput if there is no such person. Programs are not among them:
    they act with tokens and are listed there.
    """
    actor.require(Permission.MANAGE_USERS)
    wanted = _PEOPLE.order_by(by_name(User.name), User.id).limit(limit)
    if words := tidy(search):
        wanted = wanted.where(
            or_(
                User.name.icontains(words, autoescape=True),
                User.email.icontains(words, autoescape=True),
            )
        )
    if roles:
        wanted = wanted.where(User.role.in_(roles))
    if after is not None:
        wanted = wanted.where(_follows(session, after))
    return tuple(map(_person_of, session.execute(wanted)))


def get_person(session: Session, actor: Actor, user_id: UUID) -> Person:
    """Return one of the people; raises NotFound, NotAllowed."""
    actor.require(Permission.MANAGE_USERS)
    row = session.execute(_PEOPLE.where(User.id == user_id)).one_or_none()
    if row is None:
        raise NoSuchPerson
    return _person_of(row)


def _follows(session: Session, user_id: UUID) -> ColumnElement[bool]:
    """Return the condition for people after this one in the list by name."""
    key = by_name(User.name)
    place = session.scalar(select(key).where(User.id == user_id))
    if place is None:
        raise PlaceGone
    return tuple_(key, User.id) > tuple_(literal(place, Text), literal(user_id))


def is_awaited() -> ColumnElement[bool]:
    """Return the condition for people who were invited and have not come yet.

    A code by e-mail lets an invited person in as well as the link does.
    """
    invitations = exists().where(Invitation.user_id == User.id)
    sign_ins = exists().where(UserSession.user_id == User.id)
    return and_(
        invitations.where(Invitation.used_at.is_(None)),
        ~invitations.where(Invitation.used_at.is_not(None)),
        ~sign_ins,
    )


def _people() -> Select[Any]:
    return select(
        User.id,
        User.name,
        User.role,
        User.email,
        User.phone_number,
        User.is_demo,
        User.created_at,
        User.deactivated_at,
        select(func.count())
        .where(Passkey.user_id == User.id)
        .scalar_subquery()
        .label("passkeys"),
        select(func.max(UserSession.last_seen_at))
        .where(UserSession.user_id == User.id)
        .scalar_subquery()
        .label("last_seen_at"),
        is_awaited().label("is_awaited"),
    ).where(User.email.is_not(None))


_PEOPLE: Final = _people()


def _person_of(row: Any) -> Person:
    return Person(
        row.id,
        row.name,
        Role(row.role),
        row.email,
        row.phone_number,
        _standing_of(row),
        row.is_demo,
        row.passkeys,
        row.created_at,
        row.last_seen_at,
        row.deactivated_at,
    )


def _standing_of(row: Any) -> AccountStatus:
    if row.deactivated_at is not None:
        return AccountStatus.DEACTIVATED
    return AccountStatus.INVITED if row.is_awaited else AccountStatus.ACTIVE
