"""What administrators do with people's sign-ins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from db.models.user import Invitation, Passkey, User, UserIdentity
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput, NotAllowed
from services.people import sessions
from services.people.accounts.addresses import translate_taken_address, void_codes
from services.people.accounts.listing import NoSuchPerson, is_awaited
from services.people.accounts.particulars import (
    read_email,
    read_name,
    read_phone_number,
)
from services.people.sign_in import confirmations
from services.people.tokens import ending

SUBJECT: Final = "user"
# The roles of people who work here; a patient's role comes with a record.
COLLEAGUES: Final = tuple(role for role in Role if role is not Role.PATIENT)


@dataclass(frozen=True, slots=True)
class Particulars:
    """What an administrator may correct about somebody."""

    name: str
    email: str
    phone_number: str | None = None


class LastAdmin(Conflict):
    """Nobody would be left who could let people in."""

    def __init__(self) -> None:
        super().__init__(
            "This is the last administrator who can sign in; somebody invited counts "
            "once they have signed in. Make somebody else an administrator first."
        )


class OwnSignIn(NotAllowed):
    """Administrators watch each other: nobody decides about their own sign-in."""

    def __init__(self) -> None:
        super().__init__(
            "You cannot do this to your own sign-in. Ask another administrator."
        )


def change_role(
    session: Session,
    actor: Actor,
    user_id: UUID,
    role: Role,
    *,
    session_id: UUID | None,
) -> None:
    """Give a colleague another role; the caller commits.

    It ends their sign-ins, because what the former role had on screen stays there until
    then, and their exports. Raises NotConfirmed, OwnSignIn, LastAdmin, InvalidInput,
    NotFound and NotAllowed.
    """
    user = _get_other(session, actor, user_id)
    confirmations.require_passkey(session, actor, session_id)
    if Role.PATIENT in (role, user.role):
        raise InvalidInput(
            "role",
            "A patient's sign-in shows one record and a colleague's shows many: "
            "invite the person again instead, with another address.",
        )
    if user.role == role:
        return
    _keep_an_admin(session, user)
    changes = {"role": [user.role, role.value]}
    user.role = role.value
    session.flush()
    sessions.end_all(session, actor, user_id)
    ending.end_exports(session, user_id)
    _record(session, actor, Action.USER_CHANGE_ROLE, user, changes)


def change_particulars(
    session: Session,
    actor: Actor,
    user_id: UUID,
    typed: Particulars,
    *,
    session_id: UUID | None,
) -> None:
    """Correct somebody's name, address and phone number; the caller commits.

    Links and codes sent to a former address become invalid. Raises NotConfirmed,
    AddressTaken, InvalidInput, NotFound, NotAllowed.
    """
    actor.require(Permission.MANAGE_USERS)
    user = _lock(session, user_id)
    # Whoever changes an address decides who gets the codes.
    confirmations.require_passkey(session, actor, session_id)
    wanted = Particulars(
        read_name(typed.name),
        read_email(typed.email),
        read_phone_number(typed.phone_number or ""),
    )
    changes = audit.differences(
        Particulars(user.name, user.email or "", user.phone_number), wanted
    )
    if not changes:
        return
    with translate_taken_address(session):
        user.name, user.email = wanted.name, wanted.email
        user.phone_number = wanted.phone_number
    if "email" in changes:
        # The address may have been corrected because somebody else reads the former
        # one.
        void_invitations(session, user_id)
        void_codes(session, user_id)
    _record(session, actor, Action.USER_CHANGE, user, changes)


def deactivate_sign_in(session: Session, actor: Actor, user_id: UUID) -> None:
    """End somebody's sign-ins, tokens and invitations; the caller commits.

    A part of `services.documents.sharing.offboarding.deactivate`, which pages and
    programs call: that also ends their links to documents. Raises OwnSignIn, LastAdmin,
    NotFound, NotAllowed.
    """
    user = _get_other(session, actor, user_id)
    if user.deactivated_at is not None and not _is_withdrawn_by_provider(session, user):
        return
    if user.deactivated_at is None:
        _keep_an_admin(session, user)
    user.deactivated_at = session.scalar(select(func.clock_timestamp()))
    session.flush()
    sessions.end_all(session, actor, user_id)
    # For good: people who come back are let in by somebody, not by leftover tokens.
    ending.end_tokens(session, user_id)
    void_invitations(session, user_id)
    _record(session, actor, Action.USER_DEACTIVATE, user)


def reactivate(
    session: Session, actor: Actor, user_id: UUID, *, session_id: UUID | None
) -> None:
    """Let somebody in again with the role they had; the caller commits.

    Raises NotConfirmed, NotFound, NotAllowed.
    """
    actor.require(Permission.MANAGE_USERS)
    user = _lock(session, user_id)
    confirmations.require_passkey(session, actor, session_id)
    if user.deactivated_at is None:
        return
    user.deactivated_at = None
    session.flush()
    _record(session, actor, Action.USER_REACTIVATE, user)


def reset_passkeys(
    session: Session, actor: Actor, user_id: UUID, *, session_id: UUID | None
) -> None:
    """Delete somebody's passkeys, as when a device was lost; the caller commits.

    Their sign-ins end as well, on that device and all others. Raises NotConfirmed,
    NotFound, NotAllowed.
    """
    user = _get_other(session, actor, user_id)
    confirmations.require_passkey(session, actor, session_id)
    forgotten = session.execute(
        delete(Passkey).where(Passkey.user_id == user_id).returning(Passkey.id)
    ).all()
    sessions.end_all(session, actor, user_id)
    changes = {"passkeys": [len(forgotten), 0]}
    _record(session, actor, Action.USER_RESET_PASSKEYS, user, changes)


def void_invitations(session: Session, user_id: UUID) -> None:
    """Invalidate the links that were sent before."""
    session.execute(
        update(Invitation)
        .where(Invitation.user_id == user_id, Invitation.used_at.is_(None))
        .values(expires_at=func.least(Invitation.expires_at, func.now()))
    )


def _is_withdrawn_by_provider(session: Session, user: User) -> bool:
    """Return whether only the identity provider shut somebody out.

    It may let them in again, unless an administrator shuts them out as well.
    """
    withdrawn = select(UserIdentity.subject).where(
        UserIdentity.user_id == user.id,
        UserIdentity.withdrawn_at == user.deactivated_at,
    )
    return session.scalar(withdrawn.limit(1)) is not None


def _get_other(session: Session, actor: Actor, user_id: UUID) -> User:
    actor.require(Permission.MANAGE_USERS)
    if user_id == actor.id:
        raise OwnSignIn
    return _lock(session, user_id)


def _lock(session: Session, user_id: UUID) -> User:
    """Return the person, locked against other changes.

    All administrators are locked with them, always in the same order: of two who demote
    each other at once, the second waits and then finds who is left.
    """
    locked = session.scalars(
        select(User)
        .where(User.email.is_not(None))
        .where(or_(User.id == user_id, User.role == Role.ADMIN))
        .order_by(User.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    user = next((user for user in locked if user.id == user_id), None)
    if user is None:
        raise NoSuchPerson
    return user


def is_another_admin_left(session: Session, leaving: User) -> bool:
    """Return whether anybody else is an administrator who can sign in.

    People who never came do not count: their address may be wrong. Nor do demo people
    for a real clinic: outside the demo they are shut out.
    """
    others = select(func.count()).where(
        User.id != leaving.id,
        User.role == Role.ADMIN,
        User.email.is_not(None),
        User.deactivated_at.is_(None),
        ~is_awaited(),
        or_(~User.is_demo, User.is_demo == leaving.is_demo),
    )
    return bool(session.scalar(others))


def _keep_an_admin(session: Session, leaving: User) -> None:
    """Raise LastAdmin if no administrator who can sign in would be left."""
    if leaving.role == Role.ADMIN and not is_another_admin_left(session, leaving):
        raise LastAdmin


def _record(
    session: Session,
    actor: Actor,
    action: Action,
    user: User,
    changes: Mapping[str, Sequence[object]] | None = None,
) -> None:
    audit.record(
        session,
        actor,
        action,
        patient_id=user.patient_id,
        subject=(SUBJECT, user.id),
        details={"changed": changes} if changes else None,
    )
