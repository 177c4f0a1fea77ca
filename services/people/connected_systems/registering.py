"""What administrators do with connected systems: connect, change, switch off and on.

A system acts as a program with a role, as programs with tokens do, and reads by FHIR
the types that were chosen among those its role may read. With a purpose, it can also
export them: for all patients the role sees, or only for the groups that it was granted.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.user import ConnectedSystem as SystemRow, User
from services.core import audit, reasons
from services.core.actors import PERMISSIONS, Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.people import tokens
from services.people.accounts.particulars import read_name
from services.people.connected_systems.key_fetching import read_jwks_url
from services.people.connected_systems.public_keys import read_typed_jwks
from services.people.connected_systems.records import (
    SUBJECT,
    KeySource,
    NoSuchSystem,
    exports_of,
)
from services.people.sign_in import confirmations
from services.people.tokens import ending
from services.people.tokens.exports import SystemExports


@dataclass(frozen=True, slots=True)
class SystemKeysTyped:
    """The system's keys as typed: an address, or the pasted keys.

    One of the two is empty. `own_hosts` are the clinic's own, as settings name them.
    """

    url: str = ""
    jwks: str = ""
    own_hosts: Collection[str] = ()


def register(
    session: Session,
    actor: Actor,
    *,
    name: str,
    role: Role,
    system_keys: SystemKeysTyped,
    resource_types: Collection[str],
    export_purpose: str = "",
    exports: SystemExports | None = None,
    session_id: UUID | None,
) -> UUID:
    """Connect a system and return its client_id; the caller commits.

    Its exports are for `export_purpose`; without one it has none. With a purpose but no
    `exports`, it exports all that it reads. Raises NotConfirmed, InvalidInput,
    NotAllowed.
    """
    actor.require(Permission.MANAGE_TOKENS)
    confirmations.require_passkey(session, actor, session_id)
    if role is Role.PATIENT:
        raise InvalidInput("role", "A system acts as a colleague, not as a patient.")
    types = tokens.require_types(role, resource_types)
    exports, purpose = _read_exports(role, exports, export_purpose)
    source, named = _read_keys(system_keys), read_name(name)
    program = User(name=named, role=role)
    session.add(program)
    session.flush()
    system = SystemRow(
        id=program.id,
        jwks_url=source.url,
        jwks=source.jwks,
        resource_types=types,
        registered_by=actor.id,
    )
    _keep_exports(system, exports, purpose)
    session.add(system)
    session.flush()
    _record(
        session,
        actor,
        Action.SYSTEM_REGISTER,
        program.id,
        name=named,
        role=role,
        scopes=types,
        keys=_key_description(source),
        **({"purpose": purpose, "exports": exports} if purpose else {}),
    )
    return program.id


def change(
    session: Session,
    actor: Actor,
    system_id: UUID,
    *,
    system_keys: SystemKeysTyped | None,
    resource_types: Collection[str],
    export_purpose: str | None = None,
    exports: SystemExports | None = None,
    session_id: UUID | None,
) -> None:
    """Change what a system reads and, unless None, its keys, purpose and exports.

    Its tokens and its exports end at once: it has to ask for new ones. The caller
    commits. Raises NotConfirmed, InvalidInput, NoSuchSystem, NotAllowed.
    """
    actor.require(Permission.MANAGE_TOKENS)
    confirmations.require_passkey(session, actor, session_id)
    system, program = _lock(session, system_id)
    types = tokens.require_types(Role(program.role), resource_types)
    before = KeySource(system.jwks_url, system.jwks)
    source = before if system_keys is None else _read_keys(system_keys)
    changed: dict[str, Any] = {}
    if types != system.resource_types:
        changed["scopes"] = [system.resource_types, types]
    if source != before:
        changed["keys"] = [_key_description(before), _key_description(source)]
    kept, purpose = exports_of(system), system.export_purpose
    if exports is not None or export_purpose is not None:
        typed = (purpose or "") if export_purpose is None else export_purpose
        if exports is None and typed.strip() and kept is not SystemExports.NOTHING:
            exports = kept
        exports, purpose = _read_exports(Role(program.role), exports, typed)
    else:
        exports = kept
    if purpose != system.export_purpose:
        changed["purpose"] = [system.export_purpose, purpose]
    if exports is not kept:
        changed["exports"] = [kept, exports]
    if not changed:
        return
    system.resource_types = types
    system.jwks_url = source.url
    system.jwks = None if source.jwks is None else dict(source.jwks)
    _keep_exports(system, exports, purpose)
    session.flush()
    ending.end_tokens(session, system_id)
    _record(session, actor, Action.SYSTEM_CHANGE, system_id, changed=changed)


def switch_off(session: Session, actor: Actor, system_id: UUID) -> None:
    """Switch a system off, at once; the caller commits.

    Its exports are stopped, and it can no longer fetch what it has exported. Raises
    NoSuchSystem, NotAllowed.
    """
    actor.require(Permission.MANAGE_TOKENS)
    _, program = _lock(session, system_id)
    if program.deactivated_at is not None:
        return
    program.deactivated_at = session.scalar(select(func.now()))
    session.flush()
    ending.end_tokens(session, system_id)
    _record(session, actor, Action.SYSTEM_SWITCH_OFF, system_id)


def switch_on(
    session: Session, actor: Actor, system_id: UUID, *, session_id: UUID | None
) -> None:
    """Let a system ask for tokens again; the caller commits.

    Raises NotConfirmed, NoSuchSystem, NotAllowed.
    """
    actor.require(Permission.MANAGE_TOKENS)
    confirmations.require_passkey(session, actor, session_id)
    _, program = _lock(session, system_id)
    if program.deactivated_at is None:
        return
    program.deactivated_at = None
    session.flush()
    _record(session, actor, Action.SYSTEM_SWITCH_ON, system_id)


def _read_keys(typed: SystemKeysTyped) -> KeySource:
    if bool(typed.url.strip()) == bool(typed.jwks.strip()):
        raise InvalidInput(
            "jwks_url", "Enter the address of the system's keys, or paste the keys."
        )
    if typed.url.strip():
        return KeySource(read_jwks_url(typed.url, typed.own_hosts), None)
    return KeySource(None, read_typed_jwks(typed.jwks))


def may_export(role: Role) -> bool:
    """Return whether a system with this role may be given a purpose of exports."""
    return Permission.EXPORT_PATIENTS in PERMISSIONS[role]


def _read_exports(
    role: Role, exports: SystemExports | None, typed: str
) -> tuple[SystemExports, str | None]:
    """Return how much a system exports, and what for.

    A system that exports nothing has no purpose.
    """
    if exports is SystemExports.NOTHING:
        return exports, None
    purpose = _read_purpose(role, typed)
    if purpose is not None:
        return exports or SystemExports.ALL, purpose
    if exports is not None:
        raise InvalidInput(
            "export_purpose", "Say what it exports for, or that it exports nothing."
        )
    return SystemExports.NOTHING, None


def _read_purpose(role: Role, typed: str) -> str | None:
    if not typed.strip():
        return None
    if not may_export(role):
        raise InvalidInput(
            "export_purpose", "A system with this role has nothing to export."
        )
    try:
        return reasons.read(typed)
    except InvalidInput as problem:
        raise InvalidInput("export_purpose", problem.args[0]) from None


def _keep_exports(
    system: SystemRow, exports: SystemExports, purpose: str | None
) -> None:
    system.export_purpose = purpose
    # No exports are expressed by a missing purpose, which the previous release knows as
    # well: if its page sets one, the system is to export as it does with that release.
    if purpose is not None:
        system.exports = exports.value


def _key_description(source: KeySource) -> str:
    """Return the audit log's description of keys: their address, or their ids."""
    return source.url or ", ".join(key.id for key in source.kept)


def _lock(session: Session, system_id: UUID) -> tuple[SystemRow, User]:
    program = session.get(User, system_id, with_for_update=True)
    system = session.get(SystemRow, system_id, populate_existing=True)
    if program is None or system is None:
        raise NoSuchSystem
    return system, program


def _record(
    session: Session, actor: Actor, action: Action, system_id: UUID, **details: Any
) -> None:
    audit.record(session, actor, action, subject=(SUBJECT, system_id), details=details)
