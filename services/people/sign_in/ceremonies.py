"""Challenges to a browser that must come back answered, once and in time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, update
from sqlalchemy.orm import Session

from db.models.user import Ceremony
from services.core.errors import Conflict
from services.people.random_tokens import hash_of

# Long enough to look for a security key, short enough that a screen left open in the
# evening cannot be answered in the morning.
LIFETIME: Final = timedelta(minutes=5)


class Purpose(StrEnum):
    """What the answer is valid for; an answer for another purpose is refused."""

    ADD_PASSKEY = "passkey:add"
    SIGN_IN = "passkey:sign-in"
    CONFIRM = "passkey:confirm"
    OPENID = "openid:sign-in"


class CeremonyOver(Conflict):
    """The challenge was never issued here, is too old, or has been answered."""

    def __init__(self) -> None:
        super().__init__("This took too long, or was already done. Start again.")


@dataclass(frozen=True, slots=True)
class StoredChallenge:
    """What was stored with the challenge when it was issued."""

    user_id: UUID | None
    details: Mapping[str, Any]


def begin(
    session: Session,
    purpose: Purpose,
    browser: str,
    secret: bytes,
    *,
    user_id: UUID | None = None,
    details: Mapping[str, Any] | None = None,
    lifetime: timedelta = LIFETIME,
) -> None:
    """Store a challenge to a browser; the caller commits.

    `browser` is a secret that only this browser has, in a cookie, and `secret` is what
    its answer brings back: at least 16 random bytes.
    """
    session.add(
        Ceremony(
            purpose=purpose,
            browser_hash=hash_of(browser),
            user_id=user_id,
            secret=secret,
            details=dict(details or {}),
            expires_at=func.now() + lifetime,
        )
    )
    session.flush()


def take(
    session: Session, purpose: Purpose, browser: str, secret: bytes
) -> StoredChallenge:
    """Use the challenge up and return what was stored with it; raises CeremonyOver.

    Commit this before anything else is done with the answer: even one that turns out to
    be wrong must not be tried twice.
    """
    # One statement, so that of two requests with the same answer one finds nothing.
    taken = session.execute(
        update(Ceremony)
        .where(
            Ceremony.purpose == purpose,
            Ceremony.browser_hash == hash_of(browser),
            Ceremony.secret == secret,
            Ceremony.used_at.is_(None),
            Ceremony.expires_at > func.now(),
        )
        .values(used_at=func.now())
        .returning(Ceremony.user_id, Ceremony.details)
    ).one_or_none()
    if taken is None:
        raise CeremonyOver
    return StoredChallenge(taken.user_id, taken.details)


def forget(session: Session, expired_before: datetime) -> None:
    """Delete challenges that can no longer be answered; the caller commits."""
    session.execute(delete(Ceremony).where(Ceremony.expires_at < expired_before))
