"""Pseudonyms for actors who may not know who the patients are, new every day.

An id is 16 bytes, one block of AES. Encrypted, it is an id from which only this server
finds the patient, and which differs for each person and each day.
"""

import hmac
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.care import PseudonymKey
from db.postgres import assume_role
from services.core.actors import Actor
from services.lists.pages import PagePosition
from services.patients.records.model import PseudonymisedPatient


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Hides ids from one person on one day, and finds them again."""

    _cipher: Cipher[ECB]

    def hide(self, id_: UUID) -> UUID:
        """Return the pseudonym of a patient."""
        encryptor = self._cipher.encryptor()
        return UUID(bytes=encryptor.update(id_.bytes) + encryptor.finalize())

    def find(self, pseudonym: UUID) -> UUID:
        """Return the patient's id; a random one for what is not a pseudonym."""
        decryptor = self._cipher.decryptor()
        return UUID(bytes=decryptor.update(pseudonym.bytes) + decryptor.finalize())

    def hidden(self, patient: PseudonymisedPatient) -> PseudonymisedPatient:
        """Return the patient under a pseudonym."""
        return replace(patient, id=self.hide(patient.id))

    def position(self, at: PagePosition) -> PagePosition:
        """Return the position in a list with real ids in place of pseudonyms."""
        after, before = (
            self.find(pseudonym) if pseudonym else None
            for pseudonym in (at.after, at.before)
        )
        return replace(at, after=after, before=before)


def pseudonyms_for(session: Session, actor: Actor, day: date) -> Pseudonyms:
    """Return the pseudonyms under which the actor sees patients on a day."""
    with assume_role(session, "system"):
        secret = session.scalars(select(PseudonymKey.secret)).one()
    whose = f"{actor.id} {day.isoformat()}".encode()
    # Each id is a single block, so there is nothing for a mode to chain.
    return Pseudonyms(Cipher(AES256(hmac.digest(secret, whose, "sha256")), ECB()))  # noqa: S305
