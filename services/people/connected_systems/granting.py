"""Issues short-lived tokens to connected systems that have proved who they are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, exists, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.user import ApiToken, ClientAssertion, ConnectedSystem as SystemRow
from services.core import audit
from services.core.audit import Action
from services.people import tokens
from services.people.connected_systems.assertions import (
    AssertionRefused,
    VerifiedAssertion,
)
from services.people.connected_systems.records import (
    SUBJECT,
    ConnectedSystem,
    find_system,
)
from services.people.tokens import InvalidScope

TOKEN_LIFETIME: Final = timedelta(minutes=5)
# For this long the list of tokens shows those of systems; the audit log keeps them.
_ENDED_SHOWN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token, shown only this once, and its scopes."""

    token: str
    scopes: tuple[str, ...]


def issue_token(
    session: Session, system: ConnectedSystem, proven: VerifiedAssertion, scope: str
) -> IssuedToken | InvalidScope:
    """Return a new token for the system, or the scope's refusal; the caller commits.

    Raises AssertionRefused if the statement was used before, or the system was switched
    off or changed since. A refused scope is returned, not raised: the statement is used
    up then as well.
    """
    # A concurrent change of the system waits for this, and then ends the token.
    _note(session, system.id, token_issued_at=SystemRow.token_issued_at)
    today = find_system(session, system.id)
    if today is None or not today.is_on or today.keys != system.keys:
        raise AssertionRefused("The system is switched off, or was changed just now.")
    # Of two that send the same statement at once, the second waits, and finds it.
    counted = session.execute(
        insert(ClientAssertion)
        .values(
            system_id=system.id,
            jti_hash=proven.jti_hash,
            expires_at=proven.expires_at,
        )
        .on_conflict_do_nothing()
    )
    if not counted.rowcount:  # type: ignore[attr-defined]
        raise AssertionRefused("jti was used before.")
    try:
        granted = tokens.grant(scope, today.resource_types)
    except InvalidScope as refusal:
        return refusal
    token = tokens.issue_for_system(session, today.actor, granted, TOKEN_LIFETIME)
    _note(session, system.id, token_issued_at=func.now())
    return IssuedToken(token, granted.texts)


def note_refusal(session: Session, system_id: UUID, why: str) -> None:
    """Record that a system was given no token, also in its row; the caller commits.

    Recorded without an actor, because the name of a system proves nothing.
    """
    _note(session, system_id, refused_at=func.now(), refusal=why)
    audit.record(
        session,
        None,
        Action.ACCESS_REFUSE,
        subject=(SUBJECT, system_id),
        outcome="refused",
        details={"sentence": why},
    )


def forget(session: Session, expired_before: datetime) -> None:
    """Delete statements that would be refused anyway, and ended tokens of systems.

    The caller commits.
    """
    session.execute(
        delete(ClientAssertion).where(ClientAssertion.expires_at < expired_before)
    )
    session.execute(
        delete(ApiToken)
        .where(
            ApiToken.expires_at < expired_before - _ENDED_SHOWN,
            exists().where(SystemRow.id == ApiToken.user_id),
        )
        .execution_options(synchronize_session=False)
    )


def _note(session: Session, system_id: UUID, **values: object) -> None:
    session.execute(
        update(SystemRow)
        .where(SystemRow.id == system_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
