"""Fresh proof that the person at the screen is still the one who signed in."""

from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from db.models.user import Passkey, UserSession
from services.core.actors import CONSOLE, Actor, Scope
from services.core.errors import NotAllowed
from services.people.sessions import FRESH


class NotConfirmed(NotAllowed):
    """The last proof is too old for what was asked."""

    def __init__(self) -> None:
        super().__init__(
            "This needs a confirmation that is at most 5 minutes old. Confirm that it "
            "is you, then do it again; nothing was changed."
        )


def needs_no_passkey(actor: Actor) -> bool:
    """Tell whether the actor may act on the servers, and practise disasters, without.

    Of the command line the account on the machine is the proof. A token with this very
    scope was made for it, by somebody who used a passkey.
    """
    return actor.id == CONSOLE.id or Scope.ACT_ON_REPLICATION in (actor.scopes or ())


def is_fresh(session: Session, actor: Actor, session_id: UUID | None) -> bool:
    """Tell whether the actor used a passkey in this sign-in just now."""
    return bool(session.scalar(select(_is(actor, session_id, _used_passkey()))))


def require_passkey(session: Session, actor: Actor, session_id: UUID | None) -> None:
    """Raise NotConfirmed unless the actor used a passkey in this sign-in just now.

    For what harms many when somebody else does it: roles, restores, purges. Without a
    sign-in, as for a program's token, there is nobody who could confirm.
    """
    if not is_fresh(session, actor, session_id):
        raise NotConfirmed


def require_proof(session: Session, actor: Actor, session_id: UUID | None) -> None:
    """Raise NotConfirmed unless who changes the actor's passkeys is the actor.

    Who has one uses it. Who has none yet must have signed in just now: the first one
    can be trusted no more than the code that let its owner in.
    """
    has_none = ~exists().where(Passkey.user_id == actor.id)
    signed_in_just_now = UserSession.created_at > func.now() - FRESH
    proof = or_(_used_passkey(), has_none & signed_in_just_now)
    if not session.scalar(select(_is(actor, session_id, proof))):
        raise NotConfirmed


def _is(
    actor: Actor, session_id: UUID | None, proof: ColumnElement[bool]
) -> ColumnElement[bool]:
    return exists().where(
        UserSession.id == session_id,
        UserSession.user_id == actor.id,
        UserSession.ended_at.is_(None),
        proof,
    )


def _used_passkey() -> ColumnElement[bool]:
    return UserSession.confirmed_at > func.now() - FRESH
