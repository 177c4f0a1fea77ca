"""A patient lets an app read their record: a code for it, and a token for the code."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from db.models.user import ApiToken, AuthorizationCode, PatientApp as AppRow, User
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.people import tokens
from services.people.patient_apps.records import (
    SUBJECT,
    NoSuchApp,
    PatientApp,
    find_app,
)
from services.people.random_tokens import hash_of
from services.people.sessions.requiring import require_open
from services.people.tokens import ending

#: So long a code holds; an app asks with it at once.
CODE_SECONDS: Final = 60
TOKEN_LIFETIME: Final = timedelta(hours=1)
# For this long lists show ended tokens of apps; the audit log keeps them.
_ENDED_SHOWN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RedeemedCode:
    """A code that was used up just now, with the patient who gave it."""

    patient: Actor
    redirect_uri: str
    scopes: tuple[str, ...]
    code_challenge: str


def allow(
    session: Session,
    actor: Actor,
    app_id: UUID,
    *,
    code: str,
    redirect_uri: str,
    scopes: tuple[str, ...],
    code_challenge: str,
    session_id: UUID | None,
) -> None:
    """Let an app have one token for this code, within a minute; the caller commits.

    `scopes` are those that the patient was shown, `code_challenge` is that of PKCE
    (S256), `session_id` is the sign-in in which they consent. Raises NotAllowed,
    SignInEnded, NoSuchApp, and NotFound if no record is the actor's own.
    """
    actor.require(Permission.ALLOW_APPS)
    own = actor.require_own_record()
    app = find_app(session, app_id)
    if app is None:
        raise NoSuchApp
    session.execute(
        insert(AuthorizationCode).values(
            code_hash=hash_of(code),
            app_id=app.id,
            user_id=actor.id,
            redirect_uri=redirect_uri,
            scopes=list(scopes),
            code_challenge=code_challenge,
            expires_at=func.now() + timedelta(seconds=CODE_SECONDS),
        )
    )
    # After the code, which locks the account: deactivating somebody locks that first.
    require_open(session, actor.id, session_id)
    audit.record(
        session,
        actor,
        Action.APP_ALLOW,
        patient_id=own,
        subject=(SUBJECT, app.id),
        details={"name": app.name, "scopes": list(scopes)},
    )


def redeem(session: Session, app: PatientApp, code: str) -> RedeemedCode | None:
    """Use a code up in any case, and return it; None if it is not valid.

    A code that comes a second time has leaked: the token issued for it ends (RFC 6749,
    4.1.2). The caller commits, even after a refusal.
    """
    code_hash = hash_of(code)
    used = session.execute(
        update(AuthorizationCode)
        .where(
            AuthorizationCode.code_hash == code_hash,
            AuthorizationCode.used_at.is_(None),
        )
        .values(used_at=func.now())
        .returning(AuthorizationCode, AuthorizationCode.expires_at > func.now())
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if used is None:
        _end_what_was_given(session, code_hash)
        return None
    row, is_in_time = used
    patient = _find_patient(session, row.user_id)
    if row.app_id != app.id or not is_in_time or patient is None:
        return None
    return RedeemedCode(
        patient, row.redirect_uri, tuple(row.scopes), row.code_challenge
    )


def issue_token(session: Session, app: PatientApp, code: RedeemedCode) -> str | None:
    """Return a new token for a code that was proved to be the app's own.

    None if the app was removed meanwhile. The caller commits.
    """
    # A concurrent removal of the app waits for this, and then ends the token.
    noted = session.execute(
        update(AppRow)
        .where(AppRow.id == app.id, AppRow.removed_at.is_(None))
        .values(token_issued_at=func.now())
        .execution_options(synchronize_session=False)
    )
    if not noted.rowcount:  # type: ignore[attr-defined]
        return None
    # The database links the code to this token, so that it yields no second one.
    return tokens.issue_for_app(
        session,
        code.patient,
        app.id,
        name=app.name,
        scopes=code.scopes,
        lifetime=TOKEN_LIFETIME,
    )[1]


def forget(session: Session, expired_before: datetime) -> None:
    """Delete expired codes, and ended tokens of apps; the caller commits."""
    session.execute(
        delete(AuthorizationCode).where(
            # A code that comes again must end its token for as long as the token can
            # live.
            AuthorizationCode.expires_at < expired_before - TOKEN_LIFETIME
        )
    )
    session.execute(
        delete(ApiToken)
        .where(
            ApiToken.app_id.is_not(None),
            ApiToken.expires_at < expired_before - _ENDED_SHOWN,
        )
        .execution_options(synchronize_session=False)
    )


def _find_patient(session: Session, user_id: UUID) -> Actor | None:
    user = session.scalar(
        select(User).where(
            User.id == user_id,
            User.deactivated_at.is_(None),
            User.role == Role.PATIENT,
        )
    )
    if user is None or user.patient_id is None:
        return None
    return Actor(user.id, user.name, Role.PATIENT, user.patient_id)


def _end_what_was_given(session: Session, code_hash: bytes) -> None:
    given = session.execute(
        select(AuthorizationCode.token_id, AuthorizationCode.app_id).where(
            AuthorizationCode.code_hash == code_hash
        )
    ).one_or_none()
    if given is None or given.token_id is None:
        return
    # The caller is unknown, and in no other case may an unknown caller end tokens.
    with assume_role(session, "system"):
        ending.revoke_where(session, ApiToken.id == given.token_id)
    audit.record(
        session,
        None,
        Action.TOKEN_REVOKE,
        subject=(tokens.SUBJECT, given.token_id),
        details={"sentence": "The code for it came a second time."},
    )
