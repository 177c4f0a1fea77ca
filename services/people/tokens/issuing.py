"""Issuing, listing and revoking tokens."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.user import ApiToken, User
from services.core import audit
from services.core.actors import Actor, Permission, Role, Scope
from services.core.audit import Action
from services.core.errors import InvalidInput, NotFound
from services.core.sentences import Sentence
from services.core.typed_text import read_line
from services.people.random_tokens import hash_of
from services.people.sign_in import confirmations
from services.people.tokens import ending
from services.people.tokens.records import (
    Token,
    new_token,
    scopes_of,
    select_tokens,
    token_of,
)
from services.people.tokens.resource_scopes import ResourceScopes

_DEFAULT_LIFETIME: Final = timedelta(days=90)
_LONGEST_LIFETIME: Final = timedelta(days=365)
_MAX_NAME_LENGTH: Final = 60
SUBJECT: Final = "token"


def issue(
    session: Session,
    role: Role,
    *,
    name: str = "",
    scopes: Collection[Scope] | None = None,
    lifetime: timedelta = _DEFAULT_LIFETIME,
    patient_id: UUID | None = None,
    console: Actor | None = None,
) -> str:
    """Return a new token of a new program with this role; the caller commits.

    For the command line only: whoever works on the server itself needs no permission.
    The token is shown only this once: only its hash is stored. Raises InvalidInput if a
    patient's token names no patient, or another role's token names one.
    """
    if (role is Role.PATIENT) != (patient_id is not None):
        raise InvalidInput(
            "patient_id",
            "A patient's token must name the patient's id; no other token can.",
        )
    named = _read_name(name) if name else name
    carried = None if scopes is None else _read_scopes(role, scopes)
    program = _add_program(session, named, role, patient_id)
    wanted = _TokenRequest(program, named, carried, lifetime)
    return _issue(session, console, wanted)[1]


def issue_for_program(
    session: Session,
    actor: Actor,
    *,
    name: str,
    role: Role,
    scopes: Collection[Scope],
    lifetime: timedelta,
    session_id: UUID | None,
) -> str:
    """Return a new token of a new program; shown only once. The caller commits.

    Raises NotConfirmed, InvalidInput, NotAllowed.
    """
    actor.require(Permission.MANAGE_TOKENS)
    confirmations.require_passkey(session, actor, session_id)
    if role is Role.PATIENT:
        raise InvalidInput("role", "A program acts as a colleague, not as a patient.")
    named, carried = _read_name(name), _read_scopes(role, scopes)
    program = _add_program(session, named, role, None)
    return _issue(session, actor, _TokenRequest(program, named, carried, lifetime))[1]


def issue_own(
    session: Session,
    actor: Actor,
    *,
    name: str,
    scopes: Collection[Scope],
    lifetime: timedelta,
    session_id: UUID | None,
) -> str:
    """Return a new token that acts for the actor; shown only once.

    The caller commits. Raises NotConfirmed, InvalidInput, NotAllowed.
    """
    actor.require(Permission.OWN_TOKENS)
    # It outlives the sign-in, so a screen that somebody left open must not be enough.
    confirmations.require_proof(session, actor, session_id)
    if Scope.ACT_ON_REPLICATION in scopes:
        # For a program that acts on the servers the token is the only proof.
        confirmations.require_passkey(session, actor, session_id)
    named, carried = _read_name(name), _read_scopes(actor.role, scopes)
    return _issue(session, actor, _TokenRequest(actor.id, named, carried, lifetime))[1]


def issue_for_system(
    session: Session, system: Actor, granted: ResourceScopes, lifetime: timedelta
) -> str:
    """Return a new token of a connected system that has proved itself.

    The caller commits.
    """
    wanted = _TokenRequest(system.id, system.name, granted.texts, lifetime)
    return _issue(session, system, wanted)[1]


def issue_for_app(
    session: Session,
    patient: Actor,
    app_id: UUID,
    *,
    name: str,
    scopes: Collection[str],
    lifetime: timedelta,
) -> tuple[UUID, str]:
    """Return a new token for an app that reads for a patient, after its id.

    The caller has the patient's consent, and commits.
    """
    return _issue(
        session, patient, _TokenRequest(patient.id, name, scopes, lifetime, app_id)
    )


def list_tokens(session: Session, actor: Actor) -> tuple[Token, ...]:
    """Return everybody's tokens, the newest first; raises NotAllowed."""
    actor.require(Permission.MANAGE_TOKENS)
    return tuple(map(token_of, session.execute(select_tokens())))


def list_own(session: Session, actor: Actor) -> tuple[Token, ...]:
    """Return the tokens that act for the actor, the newest first; raises NotAllowed."""
    actor.require(Permission.OWN_TOKENS)
    own = select_tokens().where(ApiToken.user_id == actor.id)
    return tuple(map(token_of, session.execute(own)))


def revoke(session: Session, actor: Actor, token_id: UUID) -> None:
    """Revoke a token, at once and for good; the caller commits.

    Its owner's exports end with it: it is unknown which token requested which, and what
    a leaked token requested must not be kept. Raises NotFound, also for somebody else's
    token unless the actor manages all tokens.
    """
    if not actor.may(Permission.MANAGE_TOKENS):
        actor.require(Permission.OWN_TOKENS)
    token = session.get(ApiToken, token_id, with_for_update=True)
    if token is None or not _may_revoke(actor, token):
        raise NotFound("There is no such token.")
    if token.revoked_at is not None:
        return
    token.revoked_at = session.scalar(select(func.now()))
    session.flush()
    ending.end_exports(session, token.user_id)
    audit.record(session, actor, Action.TOKEN_REVOKE, subject=(SUBJECT, token_id))


def _add_program(
    session: Session, name: str, role: Role, patient_id: UUID | None
) -> UUID:
    """Create a user for the program alone, so that every action leads to one token."""
    program = User(
        name=name or f"Program {secrets.token_hex(4)}",
        role=role,
        patient_id=patient_id,
    )
    session.add(program)
    session.flush()
    return program.id


@dataclass(frozen=True, slots=True)
class _TokenRequest:
    """The properties of a token to issue."""

    user_id: UUID
    name: str
    scopes: Collection[str] | None
    lifetime: timedelta
    app_id: UUID | None = None


def _issue(
    session: Session, actor: Actor | None, token_request: _TokenRequest
) -> tuple[UUID, str]:
    if not timedelta(0) < token_request.lifetime <= _LONGEST_LIFETIME:
        raise InvalidInput(
            "lifetime", "A token must be valid for some time, a year at most."
        )
    secret = new_token()
    scopes = (
        token_request.scopes
        if token_request.scopes is None
        else sorted(token_request.scopes)
    )
    token = ApiToken(
        user_id=token_request.user_id,
        token_hash=hash_of(secret),
        name=token_request.name,
        scopes=scopes,
        issued_by=actor.id if actor else None,
        expires_at=func.now() + token_request.lifetime,
        app_id=token_request.app_id,
    )
    session.add(token)
    session.flush()
    audit.record(
        session,
        actor,
        Action.TOKEN_ISSUE,
        subject=(SUBJECT, token.id),
        details={
            "user_id": token_request.user_id,
            "name": token_request.name,
            "scopes": scopes,
        },
    )
    return token.id, secret


def _read_name(typed: str) -> str:
    name = read_line("name", typed, _MAX_NAME_LENGTH)
    if not name:
        raise InvalidInput("name", "Say in the name what the token is for.")
    return name


def _read_scopes(role: Role, scopes: Collection[Scope]) -> Collection[Scope]:
    if not scopes:
        raise InvalidInput("scopes", "Choose at least one thing the token may do.")
    for scope in scopes:
        if scope not in scopes_of(role):
            raise InvalidInput(
                "scopes",
                Sentence(
                    "{scope} allows nothing to the role {role}.",
                    scope=scope,
                    role=Sentence(role),
                ),
            )
    return scopes


def _may_revoke(actor: Actor, token: ApiToken) -> bool:
    return token.user_id == actor.id or actor.may(Permission.MANAGE_TOKENS)
