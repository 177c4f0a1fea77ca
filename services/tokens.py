"""Bearer tokens, with which programs act."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from db.models import ApiToken, User
from services.actors import Actor, Role
from services.errors import InvalidInput

# A recognisable beginning lets secret scanners find a token that leaked into a
# repository.
_PREFIX: Final = "chartroom_"
_RANDOM_BYTES: Final = 32
_LENGTH: Final = len(_PREFIX) + len(secrets.token_urlsafe(_RANDOM_BYTES))
DEFAULT_LIFETIME: Final = timedelta(days=90)


def issue(
    session: Session,
    role: Role,
    *,
    lifetime: timedelta = DEFAULT_LIFETIME,
    patient_id: UUID | None = None,
) -> str:
    """Return a new token of a new program with this role; the caller commits.

    The token is shown this once: only its hash is kept. Raises InvalidInput where a
    patient's token names no patient, or another's names one.
    """
    if lifetime <= timedelta(0):
        raise InvalidInput("lifetime", "A token must live for some time.")
    if (role is Role.PATIENT) != (patient_id is not None):
        raise InvalidInput(
            "patient_id", "A patient's token, and only that, names the patient's id."
        )
    token = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    # Each token is a user of its own, so that every deed can be traced to one token.
    program = User(
        name=f"Program {secrets.token_hex(4)} ({role})",
        role=role,
        patient_id=patient_id,
    )
    session.add(program)
    session.flush()
    session.add(
        ApiToken(
            user_id=program.id,
            token_hash=_hash(token),
            expires_at=func.now() + lifetime,
        )
    )
    session.flush()
    return token


def is_well_formed(token: str) -> bool:
    """Tell whether this can be a token at all, without asking a database."""
    return token.startswith(_PREFIX) and len(token) == _LENGTH and token.isascii()


def find_actor(session: Session, token: str) -> Actor | None:
    """Return who acts with this token; None if it is unknown, expired or revoked."""
    row = session.execute(
        select(User.id, User.name, User.role, User.patient_id)
        .join(ApiToken, ApiToken.user_id == User.id)
        .where(
            ApiToken.token_hash == _hash(token),
            ApiToken.revoked_at.is_(None),
            or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > func.now()),
            User.deactivated_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        return None
    return Actor(row.id, row.name, Role(row.role), row.patient_id)


def _hash(token: str) -> bytes:
    """Hash without salt or stretching: 256 random bits cannot be guessed anyway."""
    return hashlib.sha256(token.encode()).digest()
