"""Fresh proof that the person at the screen is still the one who signed in."""

from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from db.models.user import Passkey, User, UserSession
from db.postgres import assume_role
from services.core.actors import CONSOLE, Actor, Scope
from services.core.errors import NotAllowed
from services.people.sessions import FRESH


class NotConfirmed(NotAllowed):
    """The last proof is too old for what was requested."""

    def __init__(self) -> None:
        super().__init__(
            "This needs a confirmation from the last 5 minutes. Confirm that it is "
            "you, then try again; nothing was changed."
        )


def needs_no_passkey(actor: Actor) -> bool:
    """Return whether the actor may act on servers and run drills without a passkey.

    On the command line the account on the machine is the proof. A token with this very
    scope was created for that purpose, by somebody who used a passkey.
    """
    return actor.id == CONSOLE.id or Scope.ACT_ON_REPLICATION in (actor.scopes or ())


def is_fresh(session: Session, actor: Actor, session_id: UUID | None) -> bool:
    """Return whether the actor used a passkey in this sign-in just now."""
    fresh = exists().where(*_of(actor, session_id), _used_passkey())
    return bool(session.scalar(select(fresh)))


def require_passkey(session: Session, actor: Actor, session_id: UUID | None) -> None:
    """Raise NotConfirmed unless the actor used a passkey in this sign-in just now.

    For actions that harm many when somebody else takes them: roles, restores, purges.
    Without a sign-in, as with a program's token, there is nobody who could confirm.
    """
    if not is_fresh(session, actor, session_id):
        raise NotConfirmed


def require_passkey_for_servers(
    session: Session, actor: Actor, session_id: UUID | None
) -> None:
    """Raise NotConfirmed unless the actor used a passkey just now, or needs none."""
    if not needs_no_passkey(actor):
        require_passkey(session, actor, session_id)


def require_proof(session: Session, actor: Actor, session_id: UUID | None) -> None:
    """Raise NotConfirmed unless the person changing the actor's passkeys is the actor.

    Somebody with a passkey uses it. Somebody without one must have signed in just now:
    the first passkey can be trusted no more than the code that let its owner in. What
    they create outlives the sign-in, so ending the sign-in or deactivating them waits
    until the caller has committed, and then finds it.
    """
    # In the order in which deactivating somebody locks the two.
    with assume_role(session, "system"):
        session.execute(
            select(User.id)
            .where(User.id == actor.id)
            .with_for_update(read=True, key_share=True)
        )
    has_none = ~exists().where(Passkey.user_id == actor.id)
    signed_in_just_now = UserSession.created_at > func.now() - FRESH
    held = (
        select(UserSession.id)
        .where(
            *_of(actor, session_id), or_(_used_passkey(), has_none & signed_in_just_now)
        )
        .with_for_update(read=True, of=UserSession)
    )
    if session.scalar(held) is None:
        raise NotConfirmed


def _of(actor: Actor, session_id: UUID | None) -> tuple[ColumnElement[bool], ...]:
    return (
        UserSession.id == session_id,
        UserSession.user_id == actor.id,
        UserSession.ended_at.is_(None),
    )


def _used_passkey() -> ColumnElement[bool]:
    return UserSession.confirmed_at > func.now() - FRESH
