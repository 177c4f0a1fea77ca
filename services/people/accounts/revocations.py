"""What was taken from people stays taken, whatever rows of an earlier time say."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from db.models.user import (
    ApiToken,
    AuthorizationCode,
    Ceremony,
    Invitation,
    LoginCode,
    Passkey,
    PatientApp,
    User,
    UserIdentity,
    UserSession,
)
from services.core.actors import Role
from services.people.tokens import ending

# Of two roles, the earlier one gives less access to whoever misuses it.
_BY_POWER: Final = (Role.PATIENT, Role.ANALYST, Role.STAFF, Role.CLINICIAN, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Revocations:
    """What was taken from people since a time, from the audit log, by ids.

    `roles` are the last roles that people had, `identities` are external accounts by
    the person and the issuer; people in `without_passkeys` lose all passkeys.
    """

    deactivated: Collection[UUID] = ()
    roles: Mapping[UUID, str] = field(default_factory=dict)
    passkeys: Collection[UUID] = ()
    without_passkeys: Collection[UUID] = ()
    identities: Collection[tuple[UUID, str]] = ()
    tokens: Collection[UUID] = ()
    apps: Collection[UUID] = ()


def replay_revocations(session: Session, revoked: Revocations) -> None:
    """Revoke again what was revoked, and end all sign-ins; the caller commits.

    Codes, consents, ceremonies and invitations that were open at that time may have
    been used or run out since: all become invalid. Apps of patients end with the
    sign-ins.
    """
    gone = list(revoked.deactivated)
    session.execute(
        update(User)
        .where(User.id.in_(gone), User.deactivated_at.is_(None))
        .values(deactivated_at=func.now())
        .execution_options(synchronize_session=False)
    )
    _lower_roles(session, revoked.roles)
    session.execute(
        delete(Passkey).where(
            or_(
                Passkey.id.in_(list(revoked.passkeys)),
                Passkey.user_id.in_(list(revoked.without_passkeys)),
            )
        )
    )
    named = tuple_(UserIdentity.user_id, UserIdentity.issuer)
    session.execute(delete(UserIdentity).where(named.in_(list(revoked.identities))))
    removed = list(revoked.apps)
    session.execute(
        update(PatientApp)
        .where(PatientApp.id.in_(removed), PatientApp.removed_at.is_(None))
        .values(removed_at=func.now())
        .execution_options(synchronize_session=False)
    )
    ending.revoke_where(
        session,
        or_(
            ApiToken.id.in_(list(revoked.tokens)),
            ApiToken.user_id.in_(gone),
            ApiToken.app_id.is_not(None),
        ),
    )
    session.execute(delete(AuthorizationCode))
    _end_sign_ins(session)


def _lower_roles(session: Session, roles: Mapping[UUID, str]) -> None:
    """Keep the earlier role or the last one, whichever gives less access."""
    users = session.scalars(select(User).where(User.id.in_(list(roles)))).all()
    for user in users:
        if _power(roles[user.id]) < _power(user.role):
            user.role = roles[user.id]
    session.flush()


def _power(role: str) -> int:
    return _BY_POWER.index(Role(role))


def _end_sign_ins(session: Session) -> None:
    for statement in (
        update(UserSession)
        .where(UserSession.ended_at.is_(None))
        .values(ended_at=func.now()),
        update(LoginCode).where(LoginCode.used_at.is_(None)).values(used_at=func.now()),
        update(Ceremony).where(Ceremony.used_at.is_(None)).values(used_at=func.now()),
        update(Invitation)
        .where(Invitation.used_at.is_(None))
        .values(expires_at=func.least(Invitation.expires_at, func.now())),
    ):
        session.execute(statement.execution_options(synchronize_session=False))
