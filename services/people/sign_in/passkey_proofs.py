"""Proving one's identity with a passkey: to sign in, and before grave actions."""

from collections.abc import Sequence
from uuid import UUID

import webauthn
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from webauthn.helpers.structs import (
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
)

from db.models.user import Passkey, User
from services.core.actors import Actor, Role
from services.core.errors import NotFound
from services.people.sign_in import ceremonies, passkey_answers
from services.people.sign_in.ceremonies import Purpose
from services.people.sign_in.passkey_answers import Answer, PasskeyRefused, RelyingParty


class NoPasskey(NotFound):
    """The person has no passkey to confirm with."""

    def __init__(self) -> None:
        super().__init__("You have no passkey yet. Add one first.")


def offer_sign_in(session: Session, party: RelyingParty, browser: str) -> str:
    """Return, as JSON, the challenge for any passkey of ours; the caller commits.

    It names none, so it reveals nobody who has one: the device offers what it holds.
    """
    return _offer(session, Purpose.SIGN_IN, party, browser)


def sign_in(session: Session, party: RelyingParty, answer: Answer) -> Actor:
    """Return the actor whose passkey answered, or raise PasskeyRefused.

    The caller commits.
    """
    return _prove(session, party, answer)


def offer_confirmation(
    session: Session, actor: Actor, party: RelyingParty, browser: str
) -> str:
    """Return, as JSON, the challenge for one of the actor's passkeys.

    Raises NoPasskey; the caller commits.
    """
    own = session.scalars(select(Passkey).where(Passkey.user_id == actor.id)).all()
    if not own:
        raise NoPasskey
    return _offer(session, Purpose.CONFIRM, party, browser, own=own, user_id=actor.id)


def confirm(
    session: Session, actor: Actor, party: RelyingParty, answer: Answer
) -> None:
    """Raise PasskeyRefused unless a passkey of the actor answered.

    The caller marks the sign-in as confirmed, in the same transaction, and commits.
    """
    if answer.user_id != actor.id or _prove(session, party, answer).id != actor.id:
        raise PasskeyRefused("of somebody else")


def _offer(
    session: Session,
    purpose: Purpose,
    party: RelyingParty,
    browser: str,
    *,
    own: Sequence[Passkey] = (),
    user_id: UUID | None = None,
) -> str:
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        timeout=passkey_answers.TIMEOUT_MILLISECONDS,
        allow_credentials=[
            PublicKeyCredentialDescriptor(
                id=passkey.credential_id,
                transports=[AuthenticatorTransport(t) for t in passkey.transports],
            )
            for passkey in own
        ],
        user_verification=passkey_answers.VERIFICATION,
    )
    ceremonies.begin(session, purpose, browser, options.challenge, user_id=user_id)
    return webauthn.options_to_json(options)


def _prove(session: Session, party: RelyingParty, answer: Answer) -> Actor:
    credential_id, owner = passkey_answers.named_credential(answer)
    # Locked, so that two answers at once do not both advance the same counter.
    row = session.execute(
        select(Passkey, User)
        .join(User, User.id == Passkey.user_id)
        .where(Passkey.credential_id == credential_id)
        .with_for_update(of=Passkey)
    ).one_or_none()
    if row is None:
        raise PasskeyRefused("unknown")
    passkey, user = row
    if owner is not None and owner != user.id.bytes:
        raise PasskeyRefused("of somebody else", passkey_id=passkey.id)
    used = passkey_answers.verify_authentication(party, answer, passkey)
    if user.deactivated_at is not None:
        raise PasskeyRefused("of somebody deactivated", passkey_id=passkey.id)
    passkey.sign_count = used.new_sign_count
    passkey.last_used_at = func.now()
    session.flush()
    return Actor(user.id, user.name, Role(user.role), user.patient_id)
