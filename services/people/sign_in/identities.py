"""People's identities at the clinic's own identity provider, and the roles it gives."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.models.user import User, UserIdentity
from services.core import audit
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from services.people import accounts, sessions
from services.people.accounts import particulars
from services.people.sign_in import confirmations
from services.people.tokens import ending

_SUBJECT: Final = "user"
_LONGEST_SUBJECT: Final = 255
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IdentityClaims:
    """What a provider says about somebody, once its signature was checked.

    A person is identified by issuer and subject only: addresses and names change hands.
    `email` is set if the provider has verified it, `role` if our settings grant one.
    """

    issuer: str
    subject: str
    name: str | None = None
    email: str | None = None
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class IdentityEntry:
    """A connected account as its owner sees it."""

    issuer: str
    created_at: datetime
    last_used_at: datetime | None
    decides_role: bool


class IdentityRefused(NotAllowed):
    """The provider knows the person, but they may not act here.

    `user_id` is for the audit log.
    """

    def __init__(self, sentence: str, *, user_id: UUID | None = None) -> None:
        super().__init__(sentence)
        self.user_id = user_id


class RoleWithdrawn(IdentityRefused):
    """The provider, which brought the person in, no longer gives them a role.

    `end_access` then ends what they can still do here.
    """


class IdentityTaken(Conflict):
    """The account is connected to somebody else here."""

    def __init__(self) -> None:
        super().__init__(
            "This account is connected to somebody else here. Ask an administrator to "
            "look into it."
        )


def read_claims(
    issuer: str, claims: Mapping[str, Any], *, role_claim: str, roles: Mapping[str, str]
) -> IdentityClaims:
    """Return the content of checked claims; the first of `roles` they have counts."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise IdentityRefused("The clinic's sign-in did not say who you are.")
    # Only a clear yes: some providers send the word "false".
    is_verified = claims.get("email_verified") is True
    return IdentityClaims(
        issuer,
        subject,
        _text(claims.get("name")),
        _text(claims.get("email")) if is_verified else None,
        _granted(_groups(claims, role_claim), roles),
    )


def sign_in(session: Session, claimed: IdentityClaims) -> Actor:
    """Return the person's actor here, or raise IdentityRefused; the caller commits.

    People whom the provider brings in get an account here at once, and have the role
    that it gives them from then on; people who connected their account themselves keep
    theirs. Raises RoleWithdrawn for those to whom it no longer gives a role.
    """
    _serialize_first_sign_ins(session, claimed)
    identity_and_user = _find(session, claimed)
    if identity_and_user is None:
        return _create_user(session, claimed)
    identity, user = identity_and_user
    if _is_withdrawn(identity, user) and claimed.role is not None:
        _reactivate(session, identity, user)
    if user.deactivated_at is not None:
        raise IdentityRefused(
            "Your sign-in here was ended. Ask an administrator if your work needs it.",
            user_id=user.id,
        )
    if identity.decides_role:
        _update_role(session, user, claimed)
    identity.last_used_at = func.now()
    session.flush()
    return accounts.actor_of(user)


def end_access(session: Session, claimed: IdentityClaims) -> None:
    """End the sign-ins of somebody who lost their role there; the caller commits.

    None of their codes and tokens is valid until the provider gives them a role again,
    or an administrator reactivates them. Tokens are kept: a mistake at the provider
    must not cost the access that programs were given.
    """
    _serialize_first_sign_ins(session, claimed)
    identity_and_user = _find(session, claimed)
    if identity_and_user is None:
        return
    identity, user = identity_and_user
    if not identity.decides_role or user.deactivated_at is not None:
        return
    user.deactivated_at = identity.withdrawn_at = session.scalar(select(func.now()))
    session.flush()
    actor = accounts.actor_of(user)
    sessions.end_all(session, actor, user.id)
    ending.end_exports(session, user.id)
    _record(session, actor, Action.USER_DEACTIVATE, {"issuer": claimed.issuer})
    _warn_if_no_admin_is_left(session, user, former=Role(user.role))


def connect(
    session: Session, actor: Actor, claimed: IdentityClaims, *, session_id: UUID | None
) -> None:
    """Let the actor sign in with this account from now on; the caller commits.

    Raises NotConfirmed and IdentityTaken.
    """
    confirmations.require_proof(session, actor, session_id)
    _serialize_first_sign_ins(session, claimed)
    identity_and_user = _find(session, claimed)
    if identity_and_user is None:
        _link(session, claimed, actor, decides_role=False)
    elif identity_and_user[1].id != actor.id:
        raise IdentityTaken


def list_identities(session: Session, actor: Actor) -> tuple[IdentityEntry, ...]:
    """Return the accounts that the actor signs in with."""
    identities = session.scalars(
        select(UserIdentity)
        .where(UserIdentity.user_id == actor.id)
        .order_by(UserIdentity.created_at, UserIdentity.issuer, UserIdentity.subject)
    )
    return tuple(
        IdentityEntry(i.issuer, i.created_at, i.last_used_at, i.decides_role)
        for i in identities
    )


def disconnect(
    session: Session, actor: Actor, issuer: str, *, session_id: UUID | None
) -> None:
    """Disconnect the actor's account there; the caller commits.

    Raises NotConfirmed and NotFound, also if the provider brought the actor in: by
    leaving it they would keep a role that it may take away.
    """
    confirmations.require_proof(session, actor, session_id)
    removed = session.scalars(
        delete(UserIdentity)
        .where(
            UserIdentity.user_id == actor.id,
            UserIdentity.issuer == issuer,
            ~UserIdentity.decides_role,
        )
        .returning(UserIdentity.subject)
    ).all()
    if not removed:
        raise NotFound("You have no connected account to disconnect.")
    _record(session, actor, Action.IDENTITY_UNLINK, {"issuer": issuer})


def _create_user(session: Session, claimed: IdentityClaims) -> Actor:
    if claimed.role is None:
        raise IdentityRefused(
            "The clinic's sign-in knows you, but you have no access to Chartroom yet. "
            "If you were invited, sign in with a code and connect your account; "
            "otherwise ask an administrator."
        )
    user = User(role=claimed.role)
    try:
        user.name = particulars.read_name(claimed.name or "")
        user.email = particulars.read_email(claimed.email or "")
        with accounts.translate_taken_address(session):
            session.add(user)
    except InvalidInput as error:
        raise IdentityRefused(
            "The clinic's sign-in did not provide your name or a verified e-mail "
            "address. Ask an administrator to look into it."
        ) from error
    except accounts.AddressTaken:
        # Having the same address does not prove that this is the same person.
        raise IdentityRefused(
            "Somebody already signs in here with your e-mail address. If it is you, "
            "sign in with a code and connect your account."
        ) from None
    actor = accounts.actor_of(user)
    _link(session, claimed, actor, decides_role=True)
    return actor


def _update_role(session: Session, user: User, claimed: IdentityClaims) -> None:
    """Give somebody whom the provider brought in the role that it now gives them."""
    if claimed.role is None:
        raise RoleWithdrawn(
            "The clinic's sign-in no longer gives you a role in Chartroom. Ask an "
            "administrator if your work needs it.",
            user_id=user.id,
        )
    if user.role == claimed.role:
        return
    former = Role(user.role)
    changes = {"role": [former.value, claimed.role.value]}
    user.role = claimed.role
    session.flush()
    actor = accounts.actor_of(user)
    # What the former role had on screen stays there until the sign-ins end.
    sessions.end_all(session, actor, user.id)
    ending.end_exports(session, user.id)
    details = {"changed": changes, "issuer": claimed.issuer}
    _record(session, actor, Action.USER_CHANGE_ROLE, details)
    _warn_if_no_admin_is_left(session, user, former=former)


def _warn_if_no_admin_is_left(session: Session, user: User, *, former: Role) -> None:
    """Log it if the provider took the last administrator's role.

    It is not refused, as it would be to a colleague: who has left the clinic must not
    stay its administrator.
    """
    is_admin = former is Role.ADMIN
    if is_admin and not accounts.is_another_admin_left(session, user):
        _log.warning(
            "The identity provider took the role of the last administrator. Give it to "
            "somebody there, or run: python -m dashboard create-admin"
        )


def _is_withdrawn(identity: UserIdentity, user: User) -> bool:
    """Return whether only the provider ended the person's sign-in."""
    return (
        identity.decides_role
        and identity.withdrawn_at is not None
        and identity.withdrawn_at == user.deactivated_at
    )


def _reactivate(session: Session, identity: UserIdentity, user: User) -> None:
    user.deactivated_at = identity.withdrawn_at = None
    session.flush()
    details = {"issuer": identity.issuer}
    _record(session, accounts.actor_of(user), Action.USER_REACTIVATE, details)


def _find(
    session: Session, claimed: IdentityClaims
) -> tuple[UserIdentity, User] | None:
    row = session.execute(
        select(UserIdentity, User)
        .join(User, User.id == UserIdentity.user_id)
        .where(
            UserIdentity.issuer == claimed.issuer,
            UserIdentity.subject == claimed.subject,
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def _link(
    session: Session, claimed: IdentityClaims, actor: Actor, *, decides_role: bool
) -> None:
    session.add(
        UserIdentity(
            issuer=claimed.issuer,
            subject=claimed.subject,
            user_id=actor.id,
            decides_role=decides_role,
            last_used_at=func.now(),
        )
    )
    session.flush()
    details: dict[str, Any] = {"issuer": claimed.issuer}
    if decides_role:
        details["role"] = actor.role.value
    _record(session, actor, Action.IDENTITY_LINK, details)


def _serialize_first_sign_ins(session: Session, claimed: IdentityClaims) -> None:
    """Make two first sign-ins at the same time wait for each other."""
    account = f"chartroom.identity {claimed.issuer} {claimed.subject}"
    session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(account, 0)))
    )


def _record(
    session: Session, actor: Actor, action: Action, details: Mapping[str, Any]
) -> None:
    audit.record(session, actor, action, subject=(_SUBJECT, actor.id), details=details)


def _groups(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    """Return the groups in the claim; a dot in its name may also mean nesting."""
    claim: Any = claims.get(path)
    if claim is None:
        claim = claims
        for name in path.split("."):
            claim = claim.get(name) if isinstance(claim, Mapping) else None
    listed = claim if isinstance(claim, list) else [claim]
    return frozenset(group for group in listed if isinstance(group, str))


def _granted(groups: frozenset[str], roles: Mapping[str, str]) -> Role | None:
    return next((Role(role) for name, role in roles.items() if name in groups), None)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
