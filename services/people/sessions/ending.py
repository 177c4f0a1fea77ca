"""Ends sign-ins, and records those that ended by themselves."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from db.models.user import User, UserSession
from services.core import audit
from services.core.actors import KEEPER, Actor, Role
from services.core.audit import Action
from services.core.errors import NotFound
from services.people.sessions.records import (
    LIMITS,
    Limits,
    actor_of,
    has_token,
    require_own,
)

Ended = Literal["sign-out", "replaced", "ended", "idle", "expired", "deactivated"]

SUBJECT: Final = "session"
# As in services.people.tokens, which depends on this package.
_OF_TOKENS: Final = "token"
# After that, nobody asks any more who was signed in where; the audit log still shows
# it.
KEPT: Final = timedelta(days=90)


def end(session: Session, actor: Actor, session_id: UUID) -> None:
    """End a sign-in, one's own or another's; raises NotAllowed or NotFound."""
    owner = session.scalar(
        select(UserSession.user_id).where(UserSession.id == session_id)
    )
    if owner is None:
        raise NotFound("There is no such sign-in.")
    require_own(actor, owner)
    end_where(session, UserSession.id == session_id, actor, "ended")


def end_all(
    session: Session, actor: Actor, user_id: UUID, *, but: UUID | None = None
) -> int:
    """End the person's sign-ins, except `but`; return how many there were.

    Apps that read for a patient end with them: they were let in from one of these.
    """
    require_own(actor, user_id)
    ended = end_where(
        session,
        and_(UserSession.user_id == user_id, UserSession.id.is_distinct_from(but)),
        actor,
        "ended",
    )
    # After the sign-ins: a consent holds its sign-in locked until it is committed.
    _end_apps(session, actor, user_id)
    return ended


def sign_out(session: Session, token: str) -> None:
    """End the sign-in of the browser with this token, if it is still open."""
    end_where(session, has_token(token), None, "sign-out")


def expire(session: Session, *, limits: Limits = LIMITS) -> int:
    """Record which sign-ins are over by themselves; return how many."""
    too_old = UserSession.expires_at <= func.now()
    gone = select(User.id).where(User.deactivated_at.is_not(None))
    without = UserSession.user_id.in_(gone)
    silent = UserSession.last_seen_at <= func.now() - limits.idle
    return (
        end_where(session, without, KEEPER, "deactivated")
        + end_where(session, too_old, KEEPER, "expired")
        + end_where(session, silent, KEEPER, "idle")
    )


def forget(session: Session) -> int:
    """Delete sign-ins that ended long ago; return how many."""
    gone = session.execute(
        delete(UserSession)
        .where(
            or_(
                UserSession.ended_at < func.now() - KEPT,
                UserSession.expires_at < func.now() - KEPT,
            )
        )
        .returning(UserSession.id)
    )
    return len(gone.all())


def end_where(
    session: Session,
    which: ColumnElement[bool],
    actor: Actor | None,
    reason: Ended,
) -> int:
    """End the open sign-ins that match; without an actor, as done by their owners."""
    ended = session.execute(
        update(UserSession)
        .where(which, UserSession.ended_at.is_(None))
        .values(ended_at=func.now(), ended_by=actor.id if actor else None)
        .returning(UserSession.id, UserSession.user_id)
        .execution_options(synchronize_session=False)
    ).all()
    owners = {} if actor else _people(session, {row.user_id for row in ended})
    for row in ended:
        audit.record(
            session,
            actor or owners[row.user_id],
            Action.SESSION_END,
            subject=(SUBJECT, row.id),
            details={"reason": reason, "user_id": str(row.user_id)},
        )
    return len(ended)


def _end_apps(session: Session, actor: Actor, user_id: UUID) -> None:
    """End the apps' access for a patient; colleagues cannot have any."""
    if actor.role not in (Role.PATIENT, Role.ADMIN):
        return
    for token_id in session.scalars(select(func.end_apps_of(user_id))):
        audit.record(
            session,
            actor,
            Action.TOKEN_REVOKE,
            subject=(_OF_TOKENS, token_id),
            details={"user_id": str(user_id)},
        )


def _people(session: Session, ids: Collection[UUID]) -> dict[UUID, Actor]:
    users = session.scalars(select(User).where(User.id.in_(ids))) if ids else ()
    return {user.id: actor_of(user) for user in users}
