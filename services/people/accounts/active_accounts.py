"""Accounts that may act: whose they are, how to reach them, their display settings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.user import User
from services.core import audit
from services.core.actors import (
    LANGUAGES,
    LIST_DENSITIES,
    NAME_ORDERS,
    Actor,
)
from services.core.audit import Action
from services.core.errors import InvalidInput, NotFound
from services.people.accounts.particulars import spelt_as_kept
from services.people.sessions import actor_of

Display = Literal["name_order", "list_density"]
# For each, the choices and the function that stores one: no role may change its own
# sign-in.
_DISPLAYS: Final[Mapping[Display, tuple[tuple[str, ...], Callable[..., Any]]]] = {
    "name_order": (NAME_ORDERS, func.choose_name_order),
    "list_density": (LIST_DENSITIES, func.choose_list_density),
}


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody who may sign in, and how to reach them."""

    id: UUID
    name: str
    email: str
    phone_number: str | None
    is_demo: bool


def get_actor(session: Session, user_id: UUID) -> Actor:
    """Return the person or program, or raise NotFound if they may not act here."""
    user = session.scalar(
        select(User).where(User.id == user_id, User.deactivated_at.is_(None))
    )
    if user is None:
        raise NotFound("This sign-in cannot be used here. Sign in again.")
    return actor_of(user)


def find_by_email(session: Session, email: str) -> Addressee | None:
    """Return who may sign in with this address, in whatever case it is written."""
    user = session.scalar(
        select(User).where(
            func.lower(User.email) == func.lower(spelt_as_kept(email)),
            User.deactivated_at.is_(None),
        )
    )
    if user is None or user.email is None:
        return None
    return Addressee(user.id, user.name, user.email, user.phone_number, user.is_demo)


def find_email(session: Session, user_id: UUID) -> str | None:
    """Return the address that somebody signs in with, if they have one."""
    return session.scalar(select(User.email).where(User.id == user_id))


def choose_language(session: Session, actor: Actor, language: str) -> None:
    """Store the language that somebody chose for themselves; the caller commits.

    Raises InvalidInput for one that is not offered, and NotFound for somebody who may
    not act any more.
    """
    if language not in LANGUAGES:
        raise InvalidInput("language", "Choose one of the languages that are offered.")
    before = get_actor(session, actor.id).language
    if before == language:
        return
    # Except for administrators, no role may change its own sign-in in any other way.
    session.execute(select(func.choose_language(language)))
    session.expire_all()
    audit.record(
        session,
        actor,
        Action.USER_CHOOSE_LANGUAGE,
        subject=("user", actor.id),
        details={"changed": {"language": [before, language]}},
    )


def choose_display(
    session: Session, actor: Actor, display: Display, chosen: str | None
) -> None:
    """Store how somebody's own pages show names, or lists; the caller commits.

    None stands for the clinic's setting. Raises InvalidInput for a choice that is not
    offered, and NotFound for somebody who may not act any more.
    """
    offered, keep = _DISPLAYS[display]
    if chosen not in {*offered, None}:
        raise InvalidInput(display, "Choose one of the options.")
    before = getattr(get_actor(session, actor.id), display)
    if before == chosen:
        return
    session.execute(select(keep(chosen)))
    session.expire_all()
    audit.record(
        session,
        actor,
        Action.USER_CHOOSE_DISPLAY,
        subject=("user", actor.id),
        details={"changed": {display: [before, chosen]}},
    )
