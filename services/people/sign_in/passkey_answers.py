"""A browser's answers with a passkey, and whether they are valid."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import webauthn
from sqlalchemy.orm import Session
from webauthn.authentication.verify_authentication_response import (
    VerifiedAuthentication,
)
from webauthn.helpers import parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorTransport,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from db.models.user import Passkey
from services.core.errors import NotAllowed
from services.people.sign_in import ceremonies
from services.people.sign_in.ceremonies import Purpose

VERIFICATION: Final = UserVerificationRequirement.REQUIRED
TIMEOUT_MILLISECONDS: Final = int(ceremonies.LIFETIME.total_seconds() * 1000)

_TRANSPORTS: Final = tuple(AuthenticatorTransport)


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Chartroom as browsers see it: the host's name that passkeys are bound to."""

    id: str
    origin: str
    name: str = "Chartroom"


@dataclass(frozen=True, slots=True)
class Answer:
    """A browser's answer to a challenge of ours, which it has used up."""

    credential: dict[str, Any]
    challenge: bytes
    user_id: UUID | None


class PasskeyRefused(NotAllowed):
    """An answer proves nothing.

    `why` and `passkey_id` are for the audit log: the screen says the same whether the
    passkey is unknown, somebody else's or a copy.
    """

    def __init__(self, why: str, *, passkey_id: UUID | None = None) -> None:
        super().__init__(
            "This passkey was not accepted. Try again, or sign in another way."
        )
        self.why = why
        self.passkey_id = passkey_id


def receive(session: Session, purpose: Purpose, browser: str, text: str) -> Answer:
    """Use up the challenge in the answer; raises PasskeyRefused, CeremonyOver.

    Commit before the answer is checked: even a wrong one may not be tried twice.
    """
    with _refusing("malformed"):
        credential = json.loads(text)
        client_data = credential["response"]["clientDataJSON"]
        challenge = parse_client_data_json(
            webauthn.base64url_to_bytes(client_data)
        ).challenge
    taken = ceremonies.take(session, purpose, browser, challenge)
    return Answer(credential, challenge, taken.user_id)


def verify_registration(party: RelyingParty, answer: Answer) -> VerifiedRegistration:
    """Return the new passkey, or raise PasskeyRefused."""
    with _refusing("not made for us"):
        return webauthn.verify_registration_response(
            credential=answer.credential,
            expected_challenge=answer.challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )


def verify_authentication(
    party: RelyingParty, answer: Answer, passkey: Passkey
) -> VerifiedAuthentication:
    """Return how the passkey was used, or raise PasskeyRefused.

    Also raised if its counter did not advance: then there are two copies of it.
    """
    with _refusing("not signed by it", passkey.id):
        return webauthn.verify_authentication_response(
            credential=answer.credential,
            expected_challenge=answer.challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )


def named_credential(answer: Answer) -> tuple[bytes, bytes | None]:
    """Return the credential's id and, if the device sends it, its owner's handle."""
    with _refusing("malformed"):
        handle = answer.credential["response"].get("userHandle")
        return (
            webauthn.base64url_to_bytes(answer.credential["rawId"]),
            None if handle is None else webauthn.base64url_to_bytes(handle),
        )


def transports(answer: Answer) -> list[str]:
    """Return the known ways to reach the device: a browser may send anything."""
    named = answer.credential["response"].get("transports")
    if not isinstance(named, list):
        return []
    return [known.value for known in _TRANSPORTS if known.value in named]


@contextmanager
def _refusing(why: str, passkey_id: UUID | None = None) -> Iterator[None]:
    # Whatever a parser or a curve's arithmetic trips over in a stranger's bytes is a
    # refusal: the library raises errors of its own, ValueError, KeyError and others.
    try:
        yield
    except Exception as error:
        raise PasskeyRefused(why, passkey_id=passkey_id) from error
