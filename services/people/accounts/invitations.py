"""Links that let a person in for the first time, once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.patient import Patient
from db.models.user import Invitation, User
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput
from services.patients.care import care
from services.patients.records import patients
from services.people import accounts
from services.people.accounts import particulars
from services.people.accounts.managing import void_invitations
from services.people.random_tokens import hash_of, is_well_formed, new_token
from services.people.sign_in import confirmations

LIFETIME: Final = timedelta(hours=72)
METHOD: Final = "invitation"


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """A person and their link's token, which is available only now."""

    user_id: UUID
    name: str
    email: str
    token: str
    expires_at: datetime
    is_patient: bool = False


@dataclass(frozen=True, slots=True)
class Invitee:
    """The person whom a link lets in."""

    user_id: UUID
    name: str
    role: Role


class AlreadySignsIn(Conflict):
    """A new link would let its holder in as somebody who already signs in here."""

    def __init__(self) -> None:
        super().__init__(
            "This person has signed in before, so they do not need a link: they sign "
            "in with a code sent to their e-mail address."
        )


class SignInDeactivated(Conflict):
    """An administrator has shut this person out."""

    def __init__(self) -> None:
        super().__init__(
            "This person's sign-in is deactivated. Only an administrator can let them "
            "in again."
        )


class AdminDeactivated(Conflict):
    """The command line lets in nobody whom an administrator has shut out."""

    def __init__(self) -> None:
        super().__init__(
            "This administrator's sign-in is deactivated. Only another administrator "
            "can let them in again; where there is none, invite one with another "
            "address."
        )


class InviteeDied(Conflict):
    """Nobody writes to somebody who has died."""

    def __init__(self) -> None:
        super().__init__(
            "The patient has died, so no link was sent. If that is a mistake, correct "
            "the date of death in the record."
        )


class SharedAddressTaken(Conflict):
    """Somebody else signs in with the address on a patient's record.

    Families may share one in their records, but a sign-in needs its own.
    """

    property_name = "email"

    def __init__(self) -> None:
        super().__init__(
            "Somebody else already signs in with the e-mail address on this record, "
            "perhaps a relative. Each sign-in needs an address of its own: enter "
            "another one in the record."
        )


def invite(
    session: Session,
    actor: Actor,
    *,
    name: str,
    email: str,
    role: Role,
    session_id: UUID | None,
) -> NewInvitation:
    """Create a sign-in for a colleague, and a link to it; the caller commits.

    Raises NotConfirmed, AddressTaken, InvalidInput, NotAllowed.
    """
    actor.require(Permission.MANAGE_USERS)
    confirmations.require_passkey(session, actor, session_id)
    if role is Role.PATIENT:
        raise InvalidInput(
            "role", "Patients are invited from their record, by the front desk."
        )
    return _link(session, actor, _add(session, name, email, role))


def invite_patient(session: Session, actor: Actor, patient_id: UUID) -> NewInvitation:
    """Invite a patient to see their own record; the caller commits.

    The link goes to the address on the record. Raises AlreadySignsIn,
    SignInDeactivated, SharedAddressTaken, PatientArchived, InviteeDied, InvalidInput,
    NotFound and NotAllowed.
    """
    actor.require(Permission.INVITE_PATIENT)
    _await_others(session, patient_id)
    patient = patients.look_up(session, actor, patient_id)
    care.require_own(session, actor, patient_id)
    if patient.is_archived:
        raise patients.PatientArchived(patient)
    if patient.deceased_on is not None:
        raise InviteeDied
    if not patient.email:
        raise InvalidInput(
            "email",
            "There is no e-mail address on the record to send a link to; add it first.",
        )
    name = f"{patient.first_name} {patient.last_name}"
    user = _find_sign_in(session, patient_id)
    try:
        if user is None:
            user = _add(session, name, patient.email, Role.PATIENT, patient_id)
        else:
            _require_newcomer(session, user)
            with accounts.translate_taken_address(session):
                user.name, user.email = name, patient.email
    except accounts.AddressTaken:
        raise SharedAddressTaken from None
    return _link(session, actor, user)


def renew(
    session: Session, actor: Actor, user_id: UUID, *, session_id: UUID | None
) -> NewInvitation:
    """Create another link for somebody who has not come yet; the caller commits.

    Earlier links become invalid. Raises AlreadySignsIn, SignInDeactivated,
    NotConfirmed, NotFound, NotAllowed.
    """
    actor.require(Permission.MANAGE_USERS)
    confirmations.require_passkey(session, actor, session_id)
    person = accounts.get_person(session, actor, user_id)
    if person.standing is accounts.AccountStatus.ACTIVE:
        raise AlreadySignsIn
    # Somebody who accepts at this moment either comes before the new link is created,
    # or finds the old one used.
    user = session.get_one(User, user_id, with_for_update=True, populate_existing=True)
    _require_newcomer(session, user)
    return _link(session, actor, user)


def invite_admin(
    session: Session, console: Actor, *, name: str, email: str
) -> NewInvitation:
    """Let the first administrator in, or one who lost every other way to sign in.

    For the command line only: whoever works on the server itself needs no permission.
    The caller commits. Raises AddressTaken, AdminDeactivated, InvalidInput.
    """
    address = particulars.read_email(email)
    user = session.scalar(
        select(User).where(func.lower(User.email) == func.lower(address))
    )
    if user is None:
        user = _add(session, name, address, Role.ADMIN)
    elif user.role != Role.ADMIN:
        raise accounts.AddressTaken
    elif user.deactivated_at is not None:
        raise AdminDeactivated
    return _link(session, console, user)


def find(session: Session, token: str) -> Invitee | None:
    """Return the person whom the link lets in; None if it is unknown, used or too old.

    Looking does not use it up: mail programs open links before their readers do.
    """
    if not is_well_formed(token):
        return None
    row = session.execute(
        select(User.id, User.name, User.role)
        .join(Invitation, Invitation.user_id == User.id)
        .where(
            Invitation.token_hash == hash_of(token),
            Invitation.used_at.is_(None),
            Invitation.expires_at > func.now(),
            User.deactivated_at.is_(None),
        )
    ).one_or_none()
    return None if row is None else Invitee(row.id, row.name, Role(row.role))


def accept(session: Session, token: str) -> Invitee | None:
    """Use the link up and return who came; None if it is no longer valid.

    The caller commits either way: a failed attempt is recorded, too. Of two concurrent
    attempts, one gets in.
    """
    guest = find(session, token)
    used = session.scalar(
        update(Invitation)
        .where(
            Invitation.token_hash == hash_of(token),
            Invitation.used_at.is_(None),
            Invitation.expires_at > func.now(),
        )
        .values(used_at=func.now())
        .returning(Invitation.user_id)
    )
    if guest is None or used is None:
        audit.record(
            session,
            None,
            Action.SESSION_START,
            outcome="failed",
            details={"method": METHOD},
        )
        return None
    return guest


def _add(
    session: Session, name: str, email: str, role: Role, patient_id: UUID | None = None
) -> User:
    user = User(
        name=particulars.read_name(name),
        email=particulars.read_email(email),
        role=role.value,
        patient_id=patient_id,
    )
    with accounts.translate_taken_address(session):
        session.add(user)
    return user


def _link(session: Session, actor: Actor, user: User) -> NewInvitation:
    token = new_token()
    void_invitations(session, user.id)
    invitation = Invitation(
        user_id=user.id,
        token_hash=hash_of(token),
        created_by=actor.id,
        expires_at=func.now() + LIFETIME,
    )
    session.add(invitation)
    session.flush()
    audit.record(
        session,
        actor,
        Action.USER_INVITE,
        patient_id=user.patient_id,
        subject=(accounts.SUBJECT, user.id),
        details={"role": user.role, "email": user.email},
    )
    return NewInvitation(
        user.id,
        user.name,
        user.email or "",
        token,
        invitation.expires_at,
        is_patient=user.patient_id is not None,
    )


def _await_others(session: Session, patient_id: UUID) -> None:
    """Wait for a colleague who invites the same patient, or merges it, at this moment.

    Otherwise their sign-in would be taken for a relative's, and a merged record would
    get one.
    """
    statement = select(Patient.id).where(Patient.id == patient_id)
    with assume_role(session, "system"):
        session.execute(statement.with_for_update(key_share=True))


def _find_sign_in(session: Session, patient_id: UUID) -> User | None:
    """Return the patient's own sign-in, not that of a program acting for them."""
    return session.scalar(
        select(User)
        .where(User.patient_id == patient_id, User.email.is_not(None))
        .order_by(User.created_at, User.id)
        .limit(1)
        .with_for_update()
    )


def _require_newcomer(session: Session, user: User) -> None:
    if user.deactivated_at is not None:
        raise SignInDeactivated
    # Of one column: the front desk may not read all of them, which EXISTS would.
    came = select(Invitation.id).where(
        Invitation.user_id == user.id, Invitation.used_at.is_not(None)
    )
    if session.scalar(came.limit(1)) is not None:
        raise AlreadySignsIn
