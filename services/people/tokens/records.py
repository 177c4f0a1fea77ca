"""What is stored of a token, and how it is recognised."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, or_, select

from db.models.user import ApiToken, User
from services.core.actors import PERMISSIONS, SCOPES, Role, Scope
from services.people import random_tokens
from services.people.tokens.resource_scopes import ResourceScopes, read_resource_scopes

# A recognisable prefix lets secret scanners find a token that leaked into a repository.
_PREFIX: Final = "chartroom_"


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token, apart from the token itself.

    Without `scopes` it may do all that its role may. `is_program` distinguishes a
    service's token from a person's own. A connected system's also has
    `resource_scopes`.
    """

    id: UUID
    name: str
    owner_id: UUID
    owner: str
    role: Role
    is_program: bool
    scopes: frozenset[Scope] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    is_live: bool
    resource_scopes: ResourceScopes | None


def scopes_of(role: Role) -> tuple[Scope, ...]:
    """Return the scopes that a token of the role can have: each opens something."""
    return tuple(scope for scope in Scope if SCOPES[scope] & PERMISSIONS[role])


def new_token() -> str:
    """Return 256 random bits with a prefix that scanners find."""
    return _PREFIX + random_tokens.new_token()


def is_well_formed(token: str) -> bool:
    """Return whether this can be a token at all, without querying a database."""
    bits = token.removeprefix(_PREFIX)
    return token.startswith(_PREFIX) and random_tokens.is_well_formed(bits)


def is_live() -> ColumnElement[bool]:
    """Return the condition for live tokens."""
    return (
        ApiToken.revoked_at.is_(None)
        & or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > func.now())
        & User.deactivated_at.is_(None)
    )


def select_tokens() -> Select[ApiToken, User, bool]:
    """Select tokens with the users they act for, the newest first."""
    return (
        select(ApiToken, User, is_live().label("is_live"))
        .join(User, User.id == ApiToken.user_id)
        .order_by(ApiToken.created_at.desc(), ApiToken.id)
    )


def token_of(row: Row[ApiToken, User, bool]) -> Token:
    """Return the token in a row of `select_tokens`."""
    token, user, live = row
    return Token(
        token.id,
        token.name or user.name,
        user.id,
        user.name,
        Role(user.role),
        user.email is None,
        read_scopes(token.scopes),
        token.created_at,
        token.expires_at,
        token.last_used_at,
        token.revoked_at,
        live,
        read_resource_scopes(token.scopes or ()),
    )


def read_scopes(kept: list[str] | None) -> frozenset[Scope] | None:
    """Return the scopes; those that only another release knows open nothing here."""
    if kept is None:
        return None
    if system := read_resource_scopes(kept):
        return system.scopes
    return frozenset(scope for scope in Scope if scope.value in kept)
