"""What patients correct in their own record: how the clinic reaches them.

A new e-mail address counts once a code sent to it has been typed: letters about visits
go there. Patients who sign in with the address of their record sign in with the new one
from then on.
"""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from db.models.user import User
from db.postgres import assume_role
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput
from services.patients.records import patients, rules
from services.patients.records.model import PatientDraft, PatientRecord
from services.people.accounts.addresses import (
    AddressTaken,
    translate_taken_address,
    void_codes,
)
from services.people.sign_in import codes
from services.people.sign_in.codes import RefusedCode


@dataclass(frozen=True, slots=True)
class OwnContact:
    """The contact data that patients can change themselves."""

    email: str | None
    phone_number: str | None
    address: str | None

    @classmethod
    def of(cls, record: PatientRecord | PatientDraft) -> "OwnContact":
        """Return the contact data of a record."""
        return cls(record.email, record.phone_number, record.address)


@dataclass(frozen=True, slots=True)
class EmailProof:
    """The code that was sent to a new address, and the server's key for codes."""

    code: str
    key: str


@dataclass(frozen=True, slots=True)
class ContactChange:
    """The result of a change; if its code was `refused`, nothing has changed.

    `former_sign_in` is the address that the person signed in with until now.
    """

    record: PatientRecord | None
    former_sign_in: str | None = None
    refused: RefusedCode | None = None

    @property
    def kept(self) -> PatientRecord:
        """The record as it is now; raises EmailNotProved.

        A change that needed no code always has one.
        """
        if self.record is None:
            raise EmailNotProved
        return self.record


class EmailNotProved(InvalidInput):
    """Nobody has proved yet that the new address is theirs."""

    def __init__(self) -> None:
        super().__init__(
            "email",
            "To change the e-mail address, use My record: a code is sent to the new "
            "address to confirm it.",
        )


class EmailInUse(Conflict):
    """Another record or sign-in has the address; only its proved owner learns so."""

    property_name = "email"

    def __init__(self) -> None:
        super().__init__(
            "This e-mail address is on another record of the clinic. Enter another "
            "one, or ask at the front desk."
        )


def require_own(actor: Actor, patient_id: UUID) -> None:
    """Raise NotAllowed or NoSuchPatient unless it is the actor's own record."""
    if _own(actor) != patient_id:
        raise patients.NoSuchPatient(patient_id)


def checked_contact(
    record: PatientRecord, typed: OwnContact, *, today: date
) -> OwnContact:
    """Return what was typed as it is stored, or raise InvalidPatient."""
    return OwnContact.of(_draft(record, typed, today))


def is_new_address(record: PatientRecord, wanted: OwnContact) -> bool:
    """Return whether there is a new address that a code has to prove."""
    former = (record.email or "").casefold()
    return bool(wanted.email) and (wanted.email or "").casefold() != former


def keep_code(
    session: Session, actor: Actor, email: str, code: str, *, key: str
) -> None:
    """Store a code that is about to be sent to a new address; the caller commits.

    It is valid only for this person and this address, and as long as a sign-in code.
    """
    actor.require(Permission.CHANGE_OWN_CONTACT)
    # Nobody may read codes, and only the role `door` stores them.
    with assume_role(session, "door"):
        codes.keep(session, _use(actor, email, key), code, actor.id)
    audit.record(session, actor, Action.CODE_REQUEST, patient_id=actor.patient_id)


def change_contact(
    session: Session,
    actor: Actor,
    wanted: OwnContact,
    *,
    version: int,
    today: date,
    proof: EmailProof | None = None,
) -> ContactChange:
    """Correct the actor's own record; the caller commits, even after a wrong code.

    Raises InvalidPatient, EmailNotProved, EmailInUse, StaleVersion, PatientArchived,
    NotFound and NotAllowed.
    """
    patient_id = _own(actor)
    before = patients.look_up(session, actor, patient_id)
    draft = _draft(before, wanted, today)
    if is_new_address(before, OwnContact.of(draft)):
        if proof is None:
            raise EmailNotProved
        use = _use(actor, draft.email or "", proof.key)
        with assume_role(session, "door"):
            tried = codes.try_code(session, use, proof.code)
        if tried.refused:
            return ContactChange(None, refused=tried.refused)
    made = _write(session, patient_id, draft, version)
    audit.record_patient(
        session,
        actor,
        Action.PATIENT_CHANGE_OWN,
        made.after.id,
        made.after.version,
        changed=audit.differences(made.before.draft(), made.after.draft()),
    )
    former = _update_sign_in_address(session, actor, made)
    return ContactChange(made.after, former_sign_in=former)


def _own(actor: Actor) -> UUID:
    actor.require(Permission.CHANGE_OWN_CONTACT)
    return actor.require_own_record()


def _draft(record: PatientRecord, typed: OwnContact, today: date) -> PatientDraft:
    draft = replace(
        record.draft(),
        email=typed.email,
        phone_number=typed.phone_number,
        address=typed.address,
    )
    return rules.validate(draft, today, needs_contact=patients.is_reachable(record))


def _write(
    session: Session, patient_id: UUID, draft: PatientDraft, version: int
) -> patients.Change:
    values = {
        "email": draft.email,
        "phone_number": draft.phone_number,
        "address": draft.address,
    }
    try:
        # A patient's own role can read the record, and write nothing.
        with assume_role(session, "staff"):
            return patients.change(
                session, patient_id, values, version=version, typed=draft
            )
    except patients.InvalidPatient as refusal:
        if rules.EMAIL_TAKEN not in refusal.problems:
            raise
        raise EmailInUse from None


def _update_sign_in_address(
    session: Session, actor: Actor, made: patients.Change
) -> str | None:
    """Change the sign-in's address too, if both had the same one until now."""
    user = session.get_one(User, actor.id)
    former, new = user.email, made.after.email
    is_same = (former or "").casefold() == (made.before.email or "").casefold()
    if former is None or not is_same or not new or new == former:
        return None
    try:
        with assume_role(session, "staff"), translate_taken_address(session):
            user.email = new
            session.flush()
    except AddressTaken:
        raise EmailInUse from None
    void_codes(session, user.id)
    audit.record(
        session,
        actor,
        Action.USER_CHANGE,
        subject=("user", user.id),
        details={"changed": {"email": [former, new]}},
    )
    return former


def _use(actor: Actor, email: str, key: str) -> codes.CodeUse:
    # No browser can send this: a cookie has random bits in another form.
    bound_to = f"new address\0{actor.id}\0{email.casefold()}"
    return codes.CodeUse(codes.hash_code(key, b"", bound_to, ""), bound_to, key)
