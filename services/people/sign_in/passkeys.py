"""Passkeys: each person's own list of them, and adding and removing them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import webauthn
from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
)

from db.models.user import Passkey, User
from db.postgres.violations import translate_violations
from services.core import audit, throttling
from services.core.actors import Actor
from services.core.audit import Action
from services.core.errors import Conflict, NotFound
from services.core.sentences import Sentence
from services.core.typed_text import read_line
from services.people.sign_in import ceremonies, confirmations, passkey_answers
from services.people.sign_in.ceremonies import Purpose
from services.people.sign_in.passkey_answers import Answer, PasskeyRefused, RelyingParty

MOST: Final = 20
LONGEST_NAME: Final = 60
_UNNAMED: Final = "Passkey"
_ONCE: Final = "passkeys_credential_id_key"


@dataclass(frozen=True, slots=True)
class PasskeyEntry:
    """A passkey as its owner sees it."""

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


class TooManyPasskeys(Conflict):
    """The person has as many passkeys as anybody may have."""

    def __init__(self) -> None:
        super().__init__(
            Sentence(
                "You have {most} passkeys, which is the maximum. Remove one that you "
                "no longer use.",
                most=MOST,
            )
        )


class PasskeyKnown(Conflict):
    """The very same passkey is registered already."""

    def __init__(self) -> None:
        super().__init__(
            "This passkey is already registered, so there is nothing to add."
        )


def list_passkeys(session: Session, actor: Actor) -> tuple[PasskeyEntry, ...]:
    """Return the actor's own passkeys, oldest first."""
    passkeys = session.scalars(
        select(Passkey)
        .where(Passkey.user_id == actor.id)
        .order_by(Passkey.created_at, Passkey.id)
    )
    return tuple(_entry(passkey) for passkey in passkeys)


def has_any(session: Session, actor: Actor) -> bool:
    """Return whether the actor can confirm anything with a passkey."""
    return bool(session.scalar(select(exists().where(Passkey.user_id == actor.id))))


def offer_new(
    session: Session,
    actor: Actor,
    party: RelyingParty,
    browser: str,
    *,
    session_id: UUID | None,
) -> str:
    """Return, as JSON, what a browser needs to create a passkey; the caller commits.

    Raises NotConfirmed and TooManyPasskeys.
    """
    confirmations.require_proof(session, actor, session_id)
    known = session.scalars(
        select(Passkey.credential_id).where(Passkey.user_id == actor.id)
    ).all()
    if len(known) >= MOST:
        raise TooManyPasskeys
    user = session.get_one(User, actor.id)
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=actor.id.bytes,
        user_name=user.email or user.name,
        user_display_name=user.name,
        timeout=passkey_answers.TIMEOUT_MILLISECONDS,
        # Discoverable, so that nobody has to type who they are before signing in; with
        # user verification, because a device alone may have been left lying about.
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=passkey_answers.VERIFICATION,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=key) for key in known],
    )
    ceremonies.begin(
        session, Purpose.ADD_PASSKEY, browser, options.challenge, user_id=actor.id
    )
    return webauthn.options_to_json(options)


def add(
    session: Session,
    actor: Actor,
    party: RelyingParty,
    answer: Answer,
    *,
    name: str,
    session_id: UUID | None,
) -> PasskeyEntry:
    """Store the passkey that a browser created for the actor; the caller commits.

    Raises NotConfirmed, PasskeyRefused, PasskeyKnown, TooManyPasskeys and InvalidInput.
    """
    confirmations.require_proof(session, actor, session_id)
    if answer.user_id != actor.id:
        raise PasskeyRefused("made for somebody else")
    made = passkey_answers.verify_registration(party, answer)
    # Another window may have been offered one as well.
    throttling.await_turn(session, actor, "passkeys")
    own = Passkey.user_id == actor.id
    if session.scalars(select(func.count()).where(own)).one() >= MOST:
        raise TooManyPasskeys
    passkey = Passkey(
        user_id=actor.id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        transports=passkey_answers.transports(answer),
        name=_checked(name),
    )
    with translate_violations(session, {_ONCE: PasskeyKnown}):
        session.add(passkey)
    audit.record(session, actor, Action.PASSKEY_ADD, subject=("passkey", passkey.id))
    return _entry(passkey)


def remove(
    session: Session, actor: Actor, passkey_id: UUID, *, session_id: UUID | None
) -> None:
    """Delete one of the actor's own passkeys; the caller commits.

    Raises NotConfirmed and NotFound.
    """
    confirmations.require_proof(session, actor, session_id)
    removed = session.scalar(
        delete(Passkey)
        .where(Passkey.id == passkey_id, Passkey.user_id == actor.id)
        .returning(Passkey.id)
    )
    if removed is None:
        raise NotFound("You have no such passkey; it may already have been removed.")
    audit.record(session, actor, Action.PASSKEY_REMOVE, subject=("passkey", removed))


def _checked(name: str) -> str:
    return read_line("name", name, LONGEST_NAME) or _UNNAMED


def _entry(passkey: Passkey) -> PasskeyEntry:
    return PasskeyEntry(
        passkey.id, passkey.name, passkey.created_at, passkey.last_used_at
    )
