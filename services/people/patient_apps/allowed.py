"""Which apps can read a patient's record now, and ending that."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.user import ApiToken, AuthorizationCode
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.people import tokens
from services.people.patient_apps.registering import APP_TYPES
from services.people.tokens import ending


@dataclass(frozen=True, slots=True)
class AllowedApp:
    """An app with live tokens: what it may read, until when, and its last call."""

    id: UUID
    name: str
    resource_types: tuple[str, ...]
    expires_at: datetime
    last_used_at: datetime | None


def list_allowed(session: Session, actor: Actor) -> tuple[AllowedApp, ...]:
    """Return the apps that can read the actor's record now; raises NotAllowed."""
    actor.require(Permission.ALLOW_APPS)
    return _reading_for(session, actor.id)


def list_reading(
    session: Session, actor: Actor, user_id: UUID
) -> tuple[AllowedApp, ...]:
    """Return the apps that can read for somebody now, and end with all their sign-ins.

    For actors who may end other people's sign-ins; raises NotAllowed.
    """
    actor.require(Permission.END_SESSIONS)
    return _reading_for(session, user_id)


def _reading_for(session: Session, user_id: UUID) -> tuple[AllowedApp, ...]:
    live = session.scalars(
        select(ApiToken)
        .where(
            ApiToken.user_id == user_id,
            ApiToken.app_id.is_not(None),
            ApiToken.revoked_at.is_(None),
            ApiToken.expires_at > func.now(),
        )
        .order_by(ApiToken.name, ApiToken.app_id)
    )
    by_app: dict[UUID, list[ApiToken]] = {}
    for token in live:
        if token.app_id is not None:
            by_app.setdefault(token.app_id, []).append(token)
    return tuple(_allowed(app_id, held) for app_id, held in by_app.items())


def end(session: Session, actor: Actor, app_id: UUID) -> None:
    """End an app's access to the actor's record at once; the caller commits.

    A consent that the app has not redeemed yet is used up. Raises NotAllowed.
    """
    actor.require(Permission.ALLOW_APPS)
    # If the app is redeeming its code, this waits for that code's row; the statement
    # after it then finds the new token.
    session.execute(
        update(AuthorizationCode)
        .where(
            AuthorizationCode.user_id == actor.id,
            AuthorizationCode.app_id == app_id,
            AuthorizationCode.used_at.is_(None),
        )
        .values(used_at=func.now())
        .execution_options(synchronize_session=False)
    )
    ended = ending.revoke_where(
        session,
        ApiToken.user_id == actor.id,
        ApiToken.app_id == app_id,
        # Nobody ended tokens that have expired.
        ApiToken.expires_at > func.now(),
    )
    for token_id in ended:
        audit.record(
            session, actor, Action.TOKEN_REVOKE, subject=(tokens.SUBJECT, token_id)
        )


def _allowed(app_id: UUID, held: list[ApiToken]) -> AllowedApp:
    opened = {
        name
        for token in held
        if (scopes := tokens.read_resource_scopes(token.scopes or ())) is not None
        for name in scopes.granted
    }
    return AllowedApp(
        app_id,
        held[0].name,
        tuple(name for name in APP_TYPES if name in opened),
        max(token.expires_at for token in held if token.expires_at),
        max((t.last_used_at for t in held if t.last_used_at), default=None),
    )
