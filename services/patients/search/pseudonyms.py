"""Ids of patients for those who may not know who they are, hidden from day to day.

An id is 16 bytes, one block of AES. Encrypted, it is an id that only this server finds
the patient by, and that is another one for each person and on each day.
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
from services.patients.records.model import UnnamedPatient


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """What hides ids from one person on one day, and finds them again."""

    _cipher: Cipher[ECB]

    def hide(self, id_: UUID) -> UUID:
        """Return the pseudonym of a patient."""
        encryptor = self._cipher.encryptor()
        return UUID(bytes=encryptor.update(id_.bytes) + encryptor.finalize())

    def find(self, pseudonym: UUID) -> UUID:
        """Return the patient's id; something random of what is no pseudonym."""
        decryptor = self._cipher.decryptor()
        return UUID(bytes=decryptor.update(pseudonym.bytes) + decryptor.finalize())

    def hidden(self, patient: UnnamedPatient) -> UnnamedPatient:
        """Return the patient under a pseudonym."""
        return replace(patient, id=self.hide(patient.id))

    def position(self, at: PagePosition) -> PagePosition:
        """Return the place in a list that somebody names by a pseudonym."""
        after, before = (
            self.find(pseudonym) if pseudonym else None
            for pseudonym in (at.after, at.before)
        )
        return replace(at, after=after, before=before)


def pseudonyms_for(session: Session, actor: Actor, day: date) -> Pseudonyms:
    """Return the pseudonyms that the actor sees patients under on a day."""
    with assume_role(session, "system"):
        secret = session.scalars(select(PseudonymKey.secret)).one()
    whose = f"{actor.id} {day.isoformat()}".encode()
    # One block each, so there is nothing that a mode could chain.
    return Pseudonyms(Cipher(AES256(hmac.digest(secret, whose, "sha256")), ECB()))  # noqa: S305
