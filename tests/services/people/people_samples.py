"""People with sign-ins, for tests that manage them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update

from db.models.user import User, UserSession
from services.core.actors import Actor, Role
from services.people import accounts, sessions
from tests.kit import cast


@dataclass(frozen=True)
class Desk:
    """Somebody who is signed in, and has just used a passkey."""

    actor: Actor
    session_id: UUID

    @property
    def fresh(self):
        """The arguments with which a service sees the confirmation."""
        return {"session_id": self.session_id}


def desk(session, who=Role.ADMIN, *, method="passkey", **values) -> Desk:
    """Sign in somebody of the cast, or anybody with the role."""
    user = cast.add_account(session, who, **values)
    started = sessions.start(
        session, user.id, method=method, network=None, browser=None
    )
    return Desk(accounts.actor_of(user), started.id)


def wait(session, desk: Desk, **columns) -> None:
    """Change the times of the sign-in."""
    session.execute(
        update(UserSession).where(UserSession.id == desk.session_id).values(**columns)
    )


def open_sessions(session, user: User) -> int:
    return session.scalar(
        select(func.count()).where(
            UserSession.user_id == user.id, UserSession.ended_at.is_(None)
        )
    )
