"""Makes sure that a sign-in is valid, before creating something that outlives it."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models.user import UserSession
from services.core.errors import NotAllowed


class SignInEnded(NotAllowed):
    """The sign-in that somebody acts from is over, or is not theirs."""

    def __init__(self) -> None:
        super().__init__("This sign-in has ended. Sign in again.")


def require_open(session: Session, user_id: UUID, session_id: UUID | None) -> None:
    """Raise SignInEnded unless this is the person's own live sign-in; keep it so.

    For what would outlive it: a web server believes in a sign-in for a second after
    another server has ended it. Ending it now waits until the caller has committed.
    """
    held = session.scalar(
        select(UserSession.id)
        .where(
            UserSession.id == session_id,
            UserSession.user_id == user_id,
            UserSession.ended_at.is_(None),
            UserSession.expires_at > func.now(),
        )
        .with_for_update(read=True)
    )
    if held is None:
        raise SignInEnded
