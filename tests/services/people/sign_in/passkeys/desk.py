"""What the pages do with passkeys, in a line each."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from db.models.user import UserSession
from services.core.actors import Actor
from services.people import sessions
from services.people.sign_in import passkey_answers, passkey_proofs, passkeys
from services.people.sign_in.ceremonies import Purpose
from services.people.sign_in.passkey_answers import Answer, RelyingParty
from services.people.sign_in.passkeys import PasskeyEntry
from tests.kit.authenticator import Authenticator

PARTY = RelyingParty("clinic.example", "https://clinic.example")
BROWSER = "the secret of one browser"


def signed_in(session: Session, actor: Actor) -> UUID:
    return sessions.start(
        session, actor.id, method="code", network=None, browser=None
    ).id


def age(session: Session, session_id: UUID, **by: float) -> None:
    """Make the sign-in and its last confirmation older."""
    session.execute(
        update(UserSession)
        .where(UserSession.id == session_id)
        .values(
            created_at=func.now() - timedelta(**by),
            confirmed_at=UserSession.confirmed_at - timedelta(**by),
        )
    )


def receive(
    session: Session, purpose: Purpose, text: str, browser: str = BROWSER
) -> Answer:
    return passkey_answers.receive(session, purpose, browser, text)


def offer(session: Session, actor: Actor, sign_in: UUID) -> str:
    return passkeys.offer_new(session, actor, PARTY, BROWSER, session_id=sign_in)


def add(
    session: Session,
    actor: Actor,
    sign_in: UUID,
    device: Authenticator,
    name: str = "Laptop",
) -> PasskeyEntry:
    made = device.make(offer(session, actor, sign_in))
    answer = receive(session, Purpose.ADD_PASSKEY, made)
    return passkeys.add(session, actor, PARTY, answer, name=name, session_id=sign_in)


def enter(session: Session, device: Authenticator) -> Actor:
    """Sign in with the device."""
    options = passkey_proofs.offer_sign_in(session, PARTY, BROWSER)
    answer = receive(session, Purpose.SIGN_IN, device.use(options))
    return passkey_proofs.sign_in(session, PARTY, answer)


def confirm(
    session: Session, actor: Actor, sign_in: UUID, device: Authenticator
) -> None:
    options = passkey_proofs.offer_confirmation(session, actor, PARTY, BROWSER)
    answer = receive(session, Purpose.CONFIRM, device.use(options))
    passkey_proofs.confirm(session, actor, PARTY, answer)
    sessions.confirm(session, sign_in)
