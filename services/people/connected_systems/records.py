"""What is known of connected systems, as administrators see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from db.models.user import ConnectedSystem as SystemRow, User
from services.core.actors import Actor, Permission, Role
from services.core.errors import NotFound
from services.people.connected_systems.public_keys import PublicKey, usable_keys
from services.people.tokens.exports import SystemExports

SUBJECT: Final = "system"


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where a system's public keys are: at an address, or stored here."""

    url: str | None
    jwks: Mapping[str, Any] | None

    @property
    def kept(self) -> tuple[PublicKey, ...]:
        """The keys that are stored here."""
        return usable_keys(self.jwks) if self.jwks else ()


@dataclass(frozen=True, slots=True)
class ConnectedSystem:
    """A system that asks for tokens with a signature; its id is its client_id.

    `called_at` is accurate to the minute. `refusal` says why it was last given no
    token. Its exports are for its `export_purpose`; a system that exports nothing has
    none.
    """

    id: UUID
    name: str
    role: Role
    keys: KeySource
    resource_types: tuple[str, ...]
    is_on: bool
    created_at: datetime
    token_issued_at: datetime | None
    called_at: datetime | None
    refused_at: datetime | None
    refusal: str | None
    export_purpose: str | None
    exports: SystemExports

    @property
    def actor(self) -> Actor:
        """The actor as whom the system acts: a program with its role."""
        return Actor(self.id, self.name, self.role)


class NoSuchSystem(NotFound):
    """No system with the id was ever connected."""

    def __init__(self) -> None:
        super().__init__("There is no such system; look for the name in the list.")


def list_systems(session: Session, actor: Actor) -> tuple[ConnectedSystem, ...]:
    """Return the connected systems by name; raises NotAllowed."""
    actor.require(Permission.MANAGE_TOKENS)
    by_name = _SYSTEMS.order_by(func.lower(User.name), User.id)
    return tuple(map(_system_of, session.execute(by_name)))


def get_system(session: Session, actor: Actor, system_id: UUID) -> ConnectedSystem:
    """Return one of the systems; raises NoSuchSystem, NotAllowed."""
    actor.require(Permission.MANAGE_TOKENS)
    system = find_system(session, system_id)
    if system is None:
        raise NoSuchSystem
    return system


def find_system(session: Session, system_id: UUID) -> ConnectedSystem | None:
    """Return the system with a claimed id, before anything is proved."""
    row = session.execute(_SYSTEMS.where(SystemRow.id == system_id)).one_or_none()
    return None if row is None else _system_of(row)


_SYSTEMS: Final[Select[SystemRow, User]] = select(SystemRow, User).join(
    User, User.id == SystemRow.id
)


def _system_of(row: Row[SystemRow, User]) -> ConnectedSystem:
    system, user = row
    return ConnectedSystem(
        system.id,
        user.name,
        Role(user.role),
        KeySource(system.jwks_url, system.jwks),
        tuple(system.resource_types),
        user.deactivated_at is None,
        system.created_at,
        system.token_issued_at,
        system.called_at,
        system.refused_at,
        system.refusal,
        system.export_purpose,
        exports_of(system),
    )


def exports_of(system: SystemRow) -> SystemExports:
    """Return how much a system exports: nothing without a purpose.

    The previous release has no other way to express that.
    """
    if system.export_purpose is None:
        return SystemExports.NOTHING
    return SystemExports(system.exports)
