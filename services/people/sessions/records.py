"""What is known of a sign-in, and how long it is valid."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    ScalarSelect,
    Text,
    and_,
    cast,
    func,
)
from sqlalchemy.orm import Bundle

from db.models.user import User, UserSession
from db.settings import Settings
from services.core.actors import Actor, Permission, Role
from services.messaging.user_notifications import count_unread_of
from services.people.random_tokens import hash_of

Method = Literal["demo", "code", "passkey", "oidc", "invitation"]

# How long a passkey's confirmation covers dangerous actions.
FRESH: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a sign-in lasts: without any input, and at most."""

    idle: timedelta = timedelta(minutes=15)
    lifetime: timedelta = timedelta(hours=12)

    def without(self, gap_seconds: float) -> "Limits":
        """Return the limits for sign-ins after a gap in which no input was recorded."""
        if not gap_seconds:
            return self
        return replace(self, idle=self.idle + timedelta(seconds=gap_seconds))


LIMITS: Final = Limits()


def limits_of(settings: Settings) -> Limits:
    """Return how long sign-ins last by these settings."""
    return Limits(
        idle=timedelta(minutes=settings.session_idle_minutes),
        lifetime=timedelta(hours=settings.session_hours),
    )


@dataclass(frozen=True, slots=True)
class NewSession:
    """A new sign-in; from now on only the browser knows the token."""

    token: str
    id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """What is stored of a sign-in."""

    id: UUID
    user_id: UUID
    method: str
    network: str | None
    browser: str | None
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None


_RECORD: Final = (
    UserSession.id,
    UserSession.user_id,
    UserSession.method,
    UserSession.network,
    UserSession.browser,
    UserSession.created_at,
    UserSession.last_seen_at,
    UserSession.expires_at,
    UserSession.confirmed_at,
)
_PERSON: Final = (
    User.id,
    User.name,
    User.role,
    User.patient_id,
    User.language,
    User.name_order,
    User.list_density,
)
# Bundles, because mapped objects of the two tables would take twice as long to create.
RECORD: Final[Bundle[Any]] = Bundle("record", *_RECORD)
PERSON: Final[Bundle[Any]] = Bundle("person", *_PERSON)
# A different number as soon as any value of the two differs.
VERSION: Final[ColumnElement[int]] = func.hashtextextended(
    cast(func.row(*_RECORD, *_PERSON), Text), 0, type_=BigInteger
)
# The number of unread notifications, for the bell on each of the person's pages.
UNREAD: Final[ScalarSelect[int]] = count_unread_of(User.id)


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A valid sign-in, its actor, and the database's time when it was read.

    The version changes whenever anything in the first two does. `unread` is the number
    of unread notifications, a hundred at most.
    """

    actor: Actor
    record: SessionRecord
    at: datetime
    version: int = 0
    unread: int = 0


def require_own(actor: Actor, user_id: UUID) -> None:
    """Raise NotAllowed unless the sign-in is the actor's own, or theirs to end."""
    if user_id != actor.id:
        actor.require(Permission.END_SESSIONS)


def has_token(token: str) -> ColumnElement[bool]:
    """Return the condition for this token's row."""
    return UserSession.token_hash == hash_of(token)


def is_open(limits: Limits) -> ColumnElement[bool]:
    """Return the condition for rows that are neither ended nor over by themselves."""
    return and_(
        UserSession.ended_at.is_(None),
        UserSession.expires_at > func.now(),
        UserSession.last_seen_at > func.now() - limits.idle,
    )


def live_of(row: Row[Any, Any, datetime, int, int]) -> LiveSession:
    """Return the sign-in in a row of RECORD, PERSON, the time, VERSION and UNREAD."""
    record, person, at, version, unread = row
    return LiveSession(actor_of(person), SessionRecord(*record), at, version, unread)


def actor_of(user: User | Row[Any]) -> Actor:
    """Return a user or a PERSON as the actor that service calls take."""
    return Actor(
        user.id,
        user.name,
        Role(user.role),
        user.patient_id,
        language=user.language,
        name_order=user.name_order,
        list_density=user.list_density,
    )
